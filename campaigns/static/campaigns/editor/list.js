/* The list form: the whole campaign from top to bottom, by keyboard and screen reader alone. */

import { choose, h, icon, iconButton } from "../../analytics/rules/dom.js";
import { drawCountOf, drawCountsOf, drawNames, drawSays, drawSettings, drawStepFields, drawTrigger } from "./forms.js";
import { escape } from "./model.js";
import { TRIGGER } from "./panel.js";

export class List {
    constructor(box, editor) {
        this.box = box;
        this.editor = editor;
        this.words = editor.context.words;
        this.numbers = new Map();
    }

    draw() {
        this.box.replaceChildren(this.drawForm());
    }

    drawForm() {
        const { model, context: { mayEdit } } = this.editor;
        this.numbers = new Map([...model.walk()].map(({ step }, place) => [step.key, place + 1]));
        return h("fieldset", { class: "ed-form", disabled: !mayEdit },
            h("section", { class: "os-card", "data-at": "" }, drawNames(this.editor)),
            h("section", { class: "os-card", "data-at": "/trigger" }, h("h2", {}, this.words.starts),
                drawSays(this.editor, "/trigger", { class: "ed-says ed-sentence", "aria-live": "polite" }), drawCountsOf(this.editor, TRIGGER), drawTrigger(this.editor)),
            h("section", { class: "os-card" }, h("h2", {}, this.words.settings), drawSettings(this.editor)),
            h("section", { class: "os-card", "data-at": "/steps" }, h("h2", {}, this.words.steps), this.drawSteps(model.definition.steps, "/steps", null)));
    }

    // The key of a step is chosen: its place in the list has the focus.
    choose(key) {
        this.focus(`[data-step="${CSS.escape(key)}"] :is(select, textarea, input):not([type=hidden])`, `[data-step="${CSS.escape(key)}"] button`);
    }

    focus(...selectors) {
        const at = selectors.map((selector) => this.box.querySelector(selector)).find((element) => element && !element.disabled);
        if (!at) return;
        at.focus();
        at.scrollIntoView({ block: "nearest" }); // focus() alone leaves it under the bar with the buttons
    }

    drawSteps(steps, at, following) {
        const { model, context: { mayEdit, vocabulary } } = this.editor;
        const add = (kind) => this.choose(model.add(kind, at));
        const next = (place) => steps[place + 1] || following;
        return h("div", {},
            h("div", { class: "ed-steps" }, steps.map((step, place) => this.drawStep(step, place, steps.length, at, next(place)))),
            steps.length || at !== "/steps" ? null : h("p", { class: "os-quiet" }, this.words.no_steps),
            steps.length ? this.drawEnd(steps.at(-1), following) : null,
            mayEdit ? h("div", { class: "ed-add", "data-adds": at, role: "group", "aria-label": this.words.add }, h("span", { class: "os-quiet" }, this.words.add),
                vocabulary.kinds.map((kind) => h("button", { type: "button", class: "os-button os-small", onclick: () => add(kind) }, icon("add"), kind.label))) : null);
    }

    // Where those go who come out at the foot of a list.
    drawEnd(last, following) {
        const kind = this.editor.model.kinds.get(last.kind);
        const text = following && !(kind && kind.ends) ? this.goesOn(following) : `${this.words.ends}.`;
        return h("p", { class: "ed-end" }, text);
    }

    goesOn(step) {
        const kind = this.editor.model.kinds.get(step.kind);
        return `${this.words.goes_on.replace("%s", `${this.numbers.get(step.key)}. ${kind ? kind.label : step.kind}`)}.`;
    }

    drawStep(step, place, count, listAt, following) {
        const at = `${listAt}/${place}`;
        const { model, context: { mayEdit } } = this.editor;
        const kind = model.kinds.get(step.kind);
        const label = kind ? kind.label : step.kind;
        const number = this.numbers.get(step.key);
        const spoken = `${this.words.step} ${number}, ${label}`;
        const button = (key, text, symbol, act, disabled = false) => iconButton(`${text}: ${spoken}`, symbol, { title: text, "data-key": `${key}:${step.key}`, disabled, onclick: act });
        return h("section", { class: "ed-step", "data-at": at, "data-step": step.key, "data-kind": step.kind, "aria-label": spoken },
            h("div", { class: "ed-step-head" }, icon(kind ? kind.icon : "help"), h("h3", {}, h("span", {}, `${number}.`), label),
                mayEdit ? [
                    button("up", this.words.up, "arrow_upward", () => this.shift(step.key, listAt, place - 1), place === 0),
                    button("down", this.words.down, "arrow_downward", () => this.shift(step.key, listAt, place + 2), place === count - 1),
                    button("copy", this.words.duplicate, "content_copy", () => this.choose(model.duplicate(step.key))),
                    button("remove", this.words.remove, "delete", () => this.remove(step.key, listAt)),
                ] : null),
            drawSays(this.editor, step.key),
            drawCountsOf(this.editor, step.key),
            drawStepFields(this.editor, step, at),
            model.branchesOf(step).map((branch) => this.drawBranch(step, branch, `${at}/branches/${escape(branch.key)}`, following)),
            this.drawMove(step, listAt, spoken));
    }

    shift(key, listAt, place) {
        const isUp = place <= this.editor.model.find(key).place;
        this.editor.model.move(key, listAt, place);
        const [one, other] = isUp ? ["up", "down"] : ["down", "up"];
        this.focus(`[data-key="${one}:${CSS.escape(key)}"]`, `[data-key="${other}:${CSS.escape(key)}"]`);
    }

    remove(key, listAt) {
        this.editor.model.remove(key);
        this.focus(`[data-adds="${listAt}"] button`);
    }

    drawBranch(step, branch, at, following) {
        const { model, context: { mayEdit } } = this.editor;
        const steps = model.stepsOf(step, branch.key);
        const inside = this.drawSteps(steps, at, following);
        const count = drawCountOf(this.editor, step.key, branch.key);
        const where = branch.isLeft ? this.words.branch_left : branch.ends || !following ? `${this.words.ends}.` : this.goesOn(following);
        const note = steps.length && !branch.isLeft ? null : h("span", { class: "os-quiet" }, ` ${where}`);
        const others = steps.length && mayEdit ? model.branchesOf(step).filter((other) => other.key !== branch.key && !other.isLeft) : [];
        const copies = others.map((other) => {
            const text = this.words.copy_steps.replace("%(from)s", branch.label).replace("%(to)s", other.label);
            return iconButton(text, "content_copy", { onclick: () => this.choose(model.copyBranch(step.key, branch.key, other.key)) });
        });
        // What is seldom used stays folded while it is empty.
        if (!steps.length && (branch.ends || branch.seldom)) {
            return h("details", { class: "ed-branch", "data-at": at, open: this.editor.isUnfolded(at), ontoggle: (event) => this.editor.unfold(at, event.target.open) }, h("summary", {}, branch.label, note), count ? h("p", { class: "ed-counted" }, count) : null, inside);
        }
        return h("div", { class: "ed-branch", "data-at": at }, h("h4", {}, branch.label, count, note, copies), inside);
    }

    // A step into another branch: there are several lists to choose from.
    drawMove(step, listAt, spoken) {
        const { model, context: { mayEdit } } = this.editor;
        if (!mayEdit) return null;
        const own = model.find(step.key).at;
        const places = this.places().filter(([at]) => at !== listAt && !`${at}/`.startsWith(`${own}/`));
        if (!places.length) return null;
        const move = (at) => { if (at && model.move(step.key, at)) this.choose(step.key); };
        return h("div", { class: "ed-move" }, choose([["", `${this.words.move_to}…`], ...places], "", move, { "aria-label": `${this.words.move_to}: ${spoken}` }));
    }

    // Every list of steps there is: [pointer, what it is called].
    places() {
        const { model } = this.editor;
        const branches = [...model.walk()].flatMap(({ step, at }) => model.branchesOf(step).filter((branch) => !branch.isLeft).map((branch) => {
            const kind = model.kinds.get(step.kind);
            return [`${at}/branches/${escape(branch.key)}`, `${this.numbers.get(step.key)}. ${kind ? kind.label : step.kind}: ${branch.label}`];
        }));
        return [["/steps", this.words.first_steps], ...branches];
    }
}
