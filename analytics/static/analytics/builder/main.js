/* A segment is made and edited: its name and code, its rule, and beside it who is in it as it stands.

   Nothing typed is lost: saving asks in the background and says what is wrong, the server may be away for a while, and
   whoever leaves with something unsaved is asked. */

import { drawRule } from "../rules/builder.js";
import { h } from "../rules/dom.js";
import { redraw } from "../rules/focus.js";
import { placeOf, showProblems } from "../rules/problems.js";
import { partAt, canBeDrawn } from "../rules/tree.js";
import { Asking, SignedOut, post } from "./asking.js";
import { History } from "./history.js";
import { Preview } from "./preview.js";

const QUIET_MS = 200;
const byId = (id) => document.getElementById(id);
const unescaped = (pointer) => pointer.replaceAll("~1", "/").replaceAll("~0", "~");

class Page {
    constructor(data) {
        this.form = byId("segment-form");
        const fields = this.form.elements;
        this.context = { ...data, csrf: fields.csrfmiddlewaretoken.value };
        this.words = data.words;
        this.text = fields.rule;
        this.rule = readRule(this.text?.value);
        this.problems = data.told.problems ?? [];
        this.isStrict = false; // once it was refused, all is told; before, nobody is told to mend what they just begin
    }

    start() {
        if (this.text && this.rule) this.startRule();
        this.saved = this.typed();
        this.form.addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
        addEventListener("beforeunload", (event) => { if (!this.isLeaving && this.typed() !== this.saved) event.preventDefault(); });
        addEventListener("pageshow", (event) => { if (event.persisted) this.isLeaving = false; });
        addEventListener("keydown", (event) => this.onKey(event));
        this.form.addEventListener("input", () => this.showSaved(""));
        this.form.addEventListener("os:suggested", () => this.check());
        for (const name of ["name", "code"]) {
            this.form.elements[name]?.addEventListener("input", () => this.check());
            this.form.elements[name]?.addEventListener("blur", (event) => { event.target.dataset.left = "1"; this.showProblems(); });
        }
    }

    startRule() {
        this.history = new History(this.rule);
        this.preview = new Preview(byId("sb-preview"), this.context);
        this.checking = new Asking(QUIET_MS, (signal) => post(this.context.urls.check, this.fields(), this.context.csrf, signal), { told: ({ told }) => this.told(told), failed: (error) => this.away(error) });
        this.box = byId("sb-rule");
        this.box.addEventListener("focusout", () => setTimeout(() => this.showProblems()));
        byId("sb-undo").addEventListener("click", () => this.restore(this.history.undo()));
        byId("sb-redo").addEventListener("click", () => this.restore(this.history.redo()));
        this.draw();
        this.told(this.context.told);
    }

    // What is typed

    fields() {
        return Object.fromEntries(["name", "code", "rule", "revision"].map((name) => [name, this.form.elements[name]?.value ?? ""]));
    }

    typed() {
        return JSON.stringify({ ...this.fields(), rule: this.rule });
    }

    drawForm() {
        return drawRule({ field: { label: this.words.rule }, value: this.rule, at: "/rule", context: this.context, set: (rule, how) => this.wrote(rule, how) });
    }

    draw() {
        this.box.replaceChildren(this.drawForm());
        this.showHistory();
        this.showProblems();
    }

    wrote(rule, { redraw: focus } = {}) {
        this.rule = rule;
        this.history.wrote(rule, { isTyped: !focus });
        if (focus) redraw(this.box, () => this.drawForm(), focus);
        this.changed();
    }

    restore(rule) {
        if (rule === undefined) return;
        this.rule = rule;
        redraw(this.box, () => this.drawForm(), true);
        this.changed();
    }

    changed() {
        this.text.value = JSON.stringify(this.rule, null, 2);
        this.showHistory();
        this.showSaved("");
        this.showProblems();
        this.check();
    }

    check() {
        this.checking?.soon();
    }

    showHistory() {
        byId("sb-undo").disabled = !this.history.past.length;
        byId("sb-redo").disabled = !this.history.future.length;
    }

    onKey(event) {
        if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
        const key = event.key.toLowerCase();
        const isTyping = event.target.matches?.("input:not([type=checkbox]), textarea");
        if (key === "s" && !event.shiftKey) { event.preventDefault(); this.form.requestSubmit(); return; }
        if (isTyping || !this.history) return; // the browser's own undo, of what is typed there
        const isUndo = key === "z" && !event.shiftKey;
        if (isUndo || key === "y" || key === "z") { event.preventDefault(); this.restore(isUndo ? this.history.undo() : this.history.redo()); }
    }

    // What the server says

    told({ problems, sentence }) {
        this.problems = problems;
        this.isStrict &&= problems.length > 0;
        byId("sb-sentence").textContent = sentence;
        this.showProblems();
        if (!problems.some(({ pointer }) => pointer.startsWith("/rule"))) this.preview.count(this.rule);
        else this.preview.wait(this.rule.rules.length ? this.words.not_ready : this.words.nothing_asked);
    }

    away(error) {
        this.preview.wait(error instanceof SignedOut ? this.words.signed_out : this.words.no_connection);
    }

    showProblems() {
        const shown = this.problems.filter((problem) => this.isStrict || !this.isBegun(problem));
        showProblems(this.form, shown, (problem) => `problem-${this.problems.indexOf(problem)}`);
        const box = byId("problems");
        if (box?.dataset.about !== "problems") return;
        box.hidden = !this.problems.length;
        box.querySelector("ul").replaceChildren(...this.problems.map((problem) => h("li", {}, h("a", { href: "#", class: "os-link", onclick: (event) => { event.preventDefault(); this.goTo(problem); } }, this.named(problem)))));
    }

    // With the condition it is about.
    named({ pointer, detail }) {
        const condition = pointer.startsWith("/rule/") && placeOf(this.form, pointer)?.closest(".rule-condition");
        return condition ? `${condition.getAttribute("aria-label")}: ${detail}` : detail;
    }

    // Whether it tells of what is empty and was not left yet.
    isBegun({ pointer }) {
        if (!pointer.startsWith("/rule")) return !this.form.elements[pointer.slice(1)]?.dataset.left;
        const value = partAt({ rule: this.rule }, unescaped(pointer));
        const isEmpty = value === undefined || value === "" || (Array.isArray(value) && !value.some((each) => each !== ""));
        const around = placeOf(this.form, pointer)?.closest(".rule-part, .rule");
        return isEmpty && (pointer === "/rule/rules" || Boolean(around?.contains(document.activeElement)));
    }

    goTo({ pointer }) {
        placeOf(this.form, pointer)?.querySelector("input:not([type=hidden]), select, textarea, button")?.focus();
    }

    // Saving

    async save(over = {}) {
        if (this.isSaving) return;
        this.isSaving = true;
        this.showSaved(this.words.saving);
        try {
            this.answered(await post(this.form.action, { ...this.fields(), ...over }, this.context.csrf));
        } catch (error) {
            this.showSaved(error instanceof SignedOut ? this.words.not_saved_signed_out : this.words.not_saved_no_connection, true);
        } finally {
            this.isSaving = false;
        }
    }

    answered({ status, told }) {
        if (status === 200) {
            this.isLeaving = true;
            location.assign(told.saved);
            return;
        }
        this.showSaved(this.words.not_saved, true);
        if (status === 409) this.showConflict(told.conflict);
        else this.showRefused(told.problems);
        byId("problems").focus();
    }

    showRefused(problems) {
        this.problems = problems;
        this.isStrict = true;
        byId("sb-alert").replaceChildren(h("div", { class: "os-note os-bad", role: "alert", id: "problems", tabindex: "-1", "data-about": "problems" }, h("p", {}, h("strong", {}, this.words.to_mend)), h("ul", {})));
        this.showProblems();
    }

    // Two edited at once: the server tells what the other one saved, and this person says which it is to be.
    showConflict(note) {
        const box = byId("sb-alert");
        box.innerHTML = note;
        box.querySelector("a").addEventListener("click", () => { this.isLeaving = true; });
        box.querySelector("button").addEventListener("click", () => this.save({ _over: 1, over: box.querySelector("[name=over]").value }));
    }

    showSaved(text, isBad = false) {
        const note = byId("sb-saved");
        note.classList.toggle("os-error", isBad);
        if (note.textContent !== text) note.textContent = text;
    }
}

function readRule(text) {
    try {
        const rule = JSON.parse(text);
        return canBeDrawn(rule) ? rule : null;
    } catch {
        return null;
    }
}

const data = byId("segment-data");
if (data) new Page(JSON.parse(data.textContent)).start();
