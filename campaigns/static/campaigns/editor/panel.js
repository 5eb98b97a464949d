/* The panel beside the canvas: the settings of what is chosen there, drawn as the list form draws them. */

import { h, icon, iconButton } from "../../analytics/rules/dom.js";
import { drawBranchCopies, drawCountOf, drawCountsOf, drawNames, drawSays, drawSettings, drawStepFields, drawTrigger } from "./forms.js";

export const TRIGGER = "/trigger";
// What is said of how often it happened.
export const OFTEN = "/trigger/often";

export class Panel {
    constructor(box, editor) {
        this.box = box;
        this.editor = editor;
    }

    draw() {
        this.box.replaceChildren(this.drawForm());
    }

    drawForm() {
        const { context: { mayEdit }, chosen, model } = this.editor;
        const found = chosen && chosen !== TRIGGER ? model.find(chosen) : null;
        const inside = found ? this.drawStep(found) : chosen === TRIGGER ? this.drawTrigger() : this.drawCampaign();
        return h("fieldset", { class: "ed-form ed-panel-form", disabled: !mayEdit }, inside);
    }

    focus() {
        const at = this.box.querySelector(":is(select, textarea, input):not([type=hidden]):not(:disabled)") || this.box.querySelector("button");
        if (at) at.focus();
        this.box.scrollTop = 0; // its head with it
    }

    drawHead(symbol, label, ...buttons) {
        const { words } = this.editor.context;
        return h("div", { class: "ed-panel-head" }, icon(symbol), h("h2", {}, label), buttons, iconButton(words.this_campaign, "close", { onclick: () => this.editor.choose(null) }));
    }

    drawCampaign() {
        const { words } = this.editor.context;
        return [h("div", { class: "ed-panel-head" }, icon("campaign"), h("h2", {}, words.this_campaign)), h("div", { "data-at": "" }, drawNames(this.editor)), h("h3", {}, words.settings), drawSettings(this.editor)];
    }

    drawTrigger() {
        const { vocabulary, words } = this.editor.context;
        const kind = vocabulary.triggers.find((each) => each.key === this.editor.model.definition.trigger.kind);
        return [this.drawHead(kind ? kind.icon : "bolt", words.starts), drawSays(this.editor, TRIGGER, { "aria-live": "polite" }), drawCountsOf(this.editor, TRIGGER), h("div", { "data-at": TRIGGER }, drawTrigger(this.editor))];
    }

    drawStep({ step, at }) {
        const { model, context: { mayEdit, words } } = this.editor;
        const kind = model.kinds.get(step.kind);
        const buttons = mayEdit ? [
            iconButton(words.duplicate, "content_copy", { onclick: () => this.editor.choose(model.duplicate(step.key)) }),
            iconButton(words.remove, "delete", { onclick: () => { model.remove(step.key); this.editor.choose(null); } }),
        ] : [];
        return h("div", { "data-at": at, "data-step": step.key }, this.drawHead(kind ? kind.icon : "help", kind ? kind.label : step.kind, buttons),
            drawSays(this.editor, step.key), drawCountsOf(this.editor, step.key), this.drawCountsOfWays(step), drawStepFields(this.editor, step, at), this.drawWays(step), drawBranchCopies(this.editor, step));
    }

    drawCountsOfWays(step) {
        const { model, context: { live } } = this.editor;
        const ways = live ? model.branchesOf(step) : [];
        return ways.length ? h("p", { class: "ed-counted" }, ways.map((way) => h("span", { class: "ed-counted-way" }, `${way.label} `, drawCountOf(this.editor, step.key, way.key)))) : null;
    }

    // Ways out that the canvas shows once somebody asks for them.
    drawWays(step) {
        const { model, context: { mayEdit, words } } = this.editor;
        const ways = model.branchesOf(step);
        const name = `${TRIGGER}${step.key}`;
        if (!mayEdit || !ways.length || this.editor.isUnfolded(name) || ways.some((way) => !way.seldom || model.stepsOf(step, way.key).length)) return null;
        const show = () => { this.editor.unfold(name, true); this.draw(); this.editor.canvas.draw(); };
        return h("div", { class: "ed-ways" }, h("span", { class: "os-label" }, words.ways),
            h("p", { class: "os-help" }, ways.map((way) => `${way.label}${way.ends ? `: ${words.ends.toLowerCase()}` : ""}`).join(" · ")),
            h("button", { type: "button", class: "os-button os-small", onclick: show }, icon("alt_route"), words.use_way));
    }
}
