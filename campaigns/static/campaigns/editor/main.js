/* The editor of a campaign: one definition, its views, and what the server says of it.

   The textarea with the JSON is what is sent, and without this script it stands there to be edited. */

import { h } from "../../analytics/rules/dom.js";
import { redraw } from "../../analytics/rules/focus.js";
import { controlIn, placeOf, showProblems } from "../../analytics/rules/problems.js";
import { Canvas } from "./canvas.js";
import { Counts, fillCounts } from "./counts.js";
import { Checker, Frequency } from "./checking.js";
import { labelWithTarget } from "./controls.js";
import { List } from "./list.js";
import { Model, canBeShown } from "./model.js";
import { OFTEN, Panel, TRIGGER } from "./panel.js";
import { Keeper } from "./saving.js";

const VIEW = "campaign-view";
const byId = (id) => document.getElementById(id);

class Editor {
    constructor(data) {
        this.json = byId("definition");
        this.form = byId("campaign-form");
        this.context = { ...data, words: data.vocabulary.words, target: data.told.target, readOnly: !data.mayEdit, csrf: this.form.elements.csrfmiddlewaretoken.value, campaign: data.campaign };
        Object.defineProperty(this.context, "definition", { get: () => this.model.definition });
        this.problems = data.told.problems;
        this.said = { [TRIGGER]: data.told.trigger, ...data.told.steps };
        this.isStrict = data.wasRefused; // what is wrong is told beside each field; else only on the steps
        this.isUntouched = data.isNew && !data.isKept && !this.isStrict; // nobody is told to mend what nobody has typed
        this.unfolded = new Set();
        this.chosen = null;
        this.panels = Object.fromEntries(["canvas", "list", "json"].map((name) => [name, byId(`panel-${name}`)]));
        this.tabs = Object.fromEntries(["canvas", "list", "json"].map((name) => [name, byId(`tab-${name}`)]));
    }

    start() {
        const read = this.readJson();
        this.model = new Model(canBeShown(read) ? read : { trigger: { params: {} }, steps: [] }, this.context.vocabulary.kinds);
        this.list = new List(this.panels.list, this);
        this.panel = new Panel(byId("ed-panel"), this);
        this.canvas = new Canvas(byId("ed-canvas"), this);
        this.checker = new Checker(this, (told) => this.told(told));
        this.frequency = new Frequency(this, (sentence) => this.toldOften(sentence));
        this.model.addEventListener("change", (event) => this.changed(event.detail));
        this.keeper = new Keeper(this, (what) => this.showKept(what));
        this.written = JSON.stringify(this.model.definition);
        this.counts = new Counts(this, (told) => this.toldCounts(told));
        this.bind();
        if (!canBeShown(read)) this.openJson(this.refusal());
        else this.open(this.preferred());
        this.told(this.context.told);
        const summary = byId("problems");
        if (summary && !summary.hidden) summary.focus();
        else if (this.context.isNew) this.active()?.querySelector("[autofocus]")?.focus();
        else this.followHash();
        addEventListener("hashchange", () => {
            document.querySelector("#os-window-body [data-close]")?.click();
            this.followHash();
        });
    }

    // Whoever is shown a place by a link (#at=/steps/0/params/text) finds it chosen, with the focus on it.
    followHash() {
        const pointer = decodeURIComponent(location.hash).match(/^#at=(\/.*)$/)?.[1];
        if (pointer) this.goTo({ pointer });
    }

    // The definition as it is sent.
    text() {
        return this.json.value;
    }

    active() {
        return { list: this.panels.list, canvas: byId("ed-panel") }[this.view];
    }

    // Changes

    changed({ at, redraw, isShape }) {
        this.isUntouched = false;
        this.write();
        if (isShape) this.problems = this.problems.filter((problem) => !problem.pointer.startsWith("/steps")); // their places have shifted
        if (this.chosen && this.chosen !== TRIGGER && !this.model.find(this.chosen)) this.chosen = null;
        if (redraw) this.redraw(redraw);
        if (this.view === "canvas" && (isShape || (redraw && at))) this.canvas.draw();
        this.showHistory();
        this.showWhoseCounts();
        this.checker.soon();
        this.keeper.soon();
    }

    write() {
        this.json.value = JSON.stringify(this.model.definition, null, 2);
    }

    // Draw the form that is open anew; the focus goes where it is told, else where it was.
    redraw(focus) {
        const root = this.active();
        if (!root) return;
        redraw(root, () => (this.view === "list" ? this.list : this.panel).drawForm(), focus);
        if (this.isStrict) this.showProblems();
    }

    // A step (its key), the trigger, or the campaign itself (null) is what the person looks at.
    choose(key) {
        if (this.view === "list") { if (key) this.list.choose(key); return; }
        if (key !== this.chosen) byId("ed-panel").scrollTop = 0;
        this.chosen = key;
        this.panel.draw();
        if (this.isStrict) this.showProblems();
        this.canvas.choose(key);
    }

    isUnfolded(at) { return this.unfolded.has(at); }
    unfold(at, isOpen) { if (isOpen) this.unfolded.add(at); else this.unfolded.delete(at); }

    // What the server says

    saysOf(key) {
        return this.said[key] || "";
    }

    told({ problems, trigger, target, steps, summary }) {
        this.problems = problems;
        this.summary = summary;
        this.context.target = target;
        this.said = { [TRIGGER]: trigger, [OFTEN]: this.saysOf(OFTEN), ...steps };
        this.showSaid();
        if (!this.checker.isDue) this.frequency.look(!problems.some(({ pointer }) => pointer.startsWith(TRIGGER)));
        const shown = JSON.stringify([this.said, this.problems, this.isUntouched]);
        if (this.view === "canvas" && shown !== this.shown) this.canvas.told();
        this.shown = shown;
        byId("ed-left").textContent = summary || "";
        byId("ed-left").hidden = !summary || !this.context.mayEdit || this.isUntouched;
        if (this.isStrict) this.showProblems();
    }

    toldOften(sentence) {
        this.said[OFTEN] = sentence;
        this.showSaid();
    }

    showSaid() {
        for (const place of document.querySelectorAll("[data-says]")) {
            const text = this.saysOf(place.dataset.says);
            if (place.textContent !== text) place.textContent = text;
        }
        for (const label of document.querySelectorAll("[data-label-with-target]")) label.textContent = labelWithTarget(label.dataset.label, label.dataset.labelWithTarget, this.context.target);
    }

    // How many orders are where

    countsAt(key) {
        return this.counts ? this.counts.at(key, this.model.find(key)?.step.kind) : null;
    }

    toldCounts(told) {
        this.counted = told;
        for (const place of document.querySelectorAll("[data-counts]")) fillCounts(this, place);
        if (this.view === "canvas") this.canvas.counted();
        this.showWhoseCounts();
    }

    // They are of what runs, and the draft may be another.
    showWhoseCounts() {
        if (!this.counted) return;
        const { words, live } = this.context;
        const { note, former } = this.counted;
        const differs = live.isChanged || JSON.stringify(this.model.definition) !== this.written;
        const place = byId("ed-counted");
        const text = [note, differs ? words.counts_differ : ""].filter(Boolean).join(" ");
        if (place.dataset.shown === JSON.stringify([text, former])) return;
        place.dataset.shown = JSON.stringify([text, former]);
        place.replaceChildren(text, former ? " " : "", former ? h("a", { class: "os-link", href: former.url }, former.words) : "");
    }

    keyOf(pointer) {
        if (pointer.startsWith("/trigger")) return TRIGGER;
        const around = [...this.model.walk()].filter(({ at }) => pointer === at || pointer.startsWith(`${at}/`));
        return around.length ? around.at(-1).step.key : null;
    }

    hasProblem(key) {
        return !this.isUntouched && this.problems.some((problem) => this.keyOf(problem.pointer) === key);
    }

    showProblems() {
        const root = this.active();
        if (root) showProblems(root, this.problems, (problem) => `problem-${this.problems.indexOf(problem)}`);
        const box = byId("problems");
        if (!box || box.dataset.about !== "problems") return;
        box.hidden = !this.problems.length;
        box.querySelector("strong").textContent = this.summary || box.querySelector("strong").textContent;
        box.querySelector("ul").replaceChildren(...this.problems.map((problem) => h("li", {}, h("a", { href: "#", class: "os-link", onclick: (event) => { event.preventDefault(); this.goTo(problem); } }, this.whereIs(problem)))));
    }

    whereIs({ pointer, detail }) {
        const key = this.keyOf(pointer);
        const found = key && key !== TRIGGER ? this.model.find(key) : null;
        const kind = found ? this.model.kinds.get(found.step.kind) : this.context.vocabulary.triggers.find((each) => each.key === this.model.definition.trigger.kind);
        const name = pointer.match(/\/params\/([^/]+)/)?.[1];
        const top = { "/name": this.context.words.name, "/code": this.context.words.code, "/steps": this.context.words.steps }[pointer];
        const field = key && kind ? kind.fields.find((each) => each.key === name) : this.context.vocabulary.settings.find((each) => pointer.startsWith(`/${each.key}`));
        const where = [found && kind ? kind.label : key === TRIGGER ? this.context.words.starts : "", field ? field.label : top || ""].filter(Boolean).join(", ");
        return where ? `${where}: ${detail}` : detail;
    }

    goTo({ pointer }) {
        if (this.view === "json") this.open("list");
        if (this.view === "canvas") this.choose(this.keyOf(pointer));
        const place = placeOf(this.active(), pointer);
        const control = place && controlIn(place);
        if (!control) return;
        for (let folded = control.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
        control.focus();
    }

    reveal() {
        this.isStrict = true;
        this.isUntouched = false;
        if (!byId("problems")) {
            byId("ed-problems-place").replaceChildren(h("div", { class: "os-note os-bad", role: "alert", id: "problems", tabindex: "-1", "data-about": "problems" }, h("p", {}, h("strong", {})), h("ul", {})));
        }
        this.showProblems();
        byId("problems").focus();
    }

    // Views

    preferred() {
        const kept = localStorage.getItem(VIEW);
        if (["canvas", "list"].includes(kept)) return kept;
        return window.innerWidth >= 1024 ? "canvas" : "list";
    }

    readJson() {
        try { return JSON.parse(this.json.value); } catch { return undefined; }
    }

    refusal() {
        try { JSON.parse(this.json.value); } catch (error) { return `${this.context.words.bad_json} ${error.message}`; }
        return this.context.words.as_json;
    }

    open(view) {
        if (view === "json") { this.openJson(""); return; }
        if (this.view === "json") {
            const read = this.readJson();
            if (!canBeShown(read)) { this.openJson(this.refusal()); return; }
            if (JSON.stringify(read) !== JSON.stringify(this.model.definition)) this.model.replace(read);
        }
        localStorage.setItem(VIEW, view);
        this.show(view);
        this.clear();
        if (view === "list") this.list.draw();
        else { this.panel.draw(); this.canvas.resized(); this.canvas.draw(); }
        if (this.isStrict) this.showProblems();
    }

    openJson(error) {
        byId("json-error").textContent = error;
        if (error) this.json.setAttribute("aria-invalid", "true"); else this.json.removeAttribute("aria-invalid");
        this.show("json");
        this.clear();
    }

    // A form that is not shown is not there.
    clear() {
        for (const form of [this.panels.list, byId("ed-panel")]) form.replaceChildren();
    }

    show(view) {
        this.view = view;
        for (const [name, panel] of Object.entries(this.panels)) {
            panel.hidden = name !== view;
            this.tabs[name].setAttribute("aria-selected", String(name === view));
            this.tabs[name].tabIndex = name === view ? 0 : -1;
        }
        byId("ed-zoom").hidden = view !== "canvas";
        for (const name of ["ed-undo", "ed-redo"]) byId(name).hidden = view === "json" || !this.context.mayEdit;
        this.showHistory();
    }

    showHistory() {
        byId("ed-undo").disabled = !this.model.past.length;
        byId("ed-redo").disabled = !this.model.future.length;
    }

    showKept({ isBusy, error, at, saved, is_stale }) {
        const { words } = this.context;
        const note = byId("ed-kept");
        note.classList.toggle("os-error", Boolean(error));
        if (isBusy) note.textContent = words.keeping;
        else if (error) note.textContent = words.not_kept.replace("%s", error);
        else if (saved) note.textContent = words.draft_saved;
        else note.textContent = words.kept.replace("%s", at);
        if (is_stale) byId("ed-stale").hidden = false;
    }

    // Buttons, tabs and keys

    bind() {
        const tabs = Object.values(this.tabs);
        for (const [name, tab] of Object.entries(this.tabs)) tab.addEventListener("click", () => this.open(name));
        byId("ed-bar").hidden = false;
        this.tabs.list.parentElement.addEventListener("keydown", (event) => {
            const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
            if (!by) return;
            event.preventDefault();
            const next = tabs[(tabs.indexOf(document.activeElement) + by + tabs.length) % tabs.length];
            next.click();
            document.querySelector(".ed-tabs [aria-selected=true]").focus();
        });
        byId("ed-undo").addEventListener("click", () => this.model.undo());
        byId("ed-redo").addEventListener("click", () => this.model.redo());
        document.addEventListener("keydown", (event) => this.onKey(event));
        this.json.addEventListener("input", () => { this.checker.soon(); this.keeper.soon(); });
        byId("ed-left").addEventListener("click", () => this.reveal());
        this.form.addEventListener("submit", () => { this.keeper.isSent = true; });
        document.addEventListener("click", (event) => this.onClick(event), true);
    }

    onKey(event) {
        if (!(event.ctrlKey || event.metaKey) || event.altKey || !this.context.mayEdit) return;
        const isTyping = event.target.matches?.("input:not([type=checkbox]), textarea");
        const key = event.key.toLowerCase();
        if (key === "s" && !event.shiftKey) { event.preventDefault(); this.form.requestSubmit(); }
        else if (isTyping || this.view === "json") return; // the browser's own undo, of what is typed there
        else if (key === "z" && !event.shiftKey) { event.preventDefault(); this.model.undo(); }
        else if (key === "y" || (key === "z" && event.shiftKey)) { event.preventDefault(); this.model.redo(); }
    }

    // What needs the draft saved first, and what leads away: neither loses anything.
    async onClick(event) {
        const needs = event.target.closest("[data-needs-saved]");
        const leaves = event.target.closest("[data-leaves]");
        if (!(needs || leaves) || !this.keeper.isDirty || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        const told = await this.keeper.save();
        if (leaves) { this.keeper.isSent = Boolean(told); window.location.assign(leaves.href); return; }
        if (told && told.saved) { needs.click(); return; }
        await this.checker.now();
        if (told && told.is_stale) byId("ed-stale").querySelector("button").focus(); else this.reveal();
    }
}

new Editor(JSON.parse(byId("campaign-data").textContent)).start();
