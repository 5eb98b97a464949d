/* What both views draw of the parts of a campaign: its names, its settings, its trigger, and a step. */

import { drawControl } from "./controls.js";
import { drawCounts } from "./counts.js";
import { choose, h, icon, labelled, newId, typed } from "../../analytics/rules/dom.js";
import { initialParams } from "./model.js";

// The fields of a described form, whose values stand at `at`.
export function drawFields(editor, fields, at) {
    const draw = (field) => drawField(editor, fields, field, at);
    const seldom = fields.filter((field) => field.more);
    const isUsed = seldom.some((field) => editor.model.read(`${at}/${field.key}`) !== undefined);
    return [
        fields.filter((field) => !field.more).map(draw),
        seldom.length ? h("details", { class: "ed-more", open: isUsed || editor.isUnfolded(at), ontoggle: (event) => editor.unfold(at, event.target.open) },
            h("summary", {}, editor.context.words.more), seldom.map(draw)) : null,
    ];
}

function drawField(editor, fields, field, at) {
    const pointer = `${at}/${field.key}`;
    const params = editor.model.read(at) || {};
    const emptied = Object.fromEntries(dependents(fields, field).map((other) => [other.key, structuredClone(other.initial ?? [])]));
    return drawControl({
        field,
        value: params[field.key],
        set: (value, { also, redraw } = {}) => editor.model.set(pointer, value, { also: { ...emptied, ...also }, redraw: redraw || Object.keys(emptied).length > 0 }),
        at: pointer,
        params,
        context: editor.context,
    });
}

// Statuses are of the type that another param names: with another type they mean nothing.
const dependents = (fields, field) => fields.filter((other) => other !== field && (other.type_from || (other.control.startsWith("statuses_") ? "type" : null)) === field.key);

export function drawNames(editor) {
    const { words, codeFixed, isNew } = editor.context;
    const { definition } = editor.model;
    const set = (at) => (text) => editor.model.set(at, text);
    const code = typed(definition.code, set("/code"), { id: newId(), readonly: Boolean(codeFixed), "data-suggested": "", spellcheck: "false", maxlength: "64" });
    if (codeFixed || definition.code) code.dataset.touched = "1";
    code.addEventListener("os:suggested", () => { code.value = code.value.replaceAll("_", "-"); editor.model.set("/code", code.value); });
    const name = typed(definition.name, set("/name"), { maxlength: "200", "data-suggests": code.id, autofocus: isNew });
    return h("div", { class: "ed-row" },
        labelled(words.name, name, "/name"), labelled(words.code, code, "/code", codeFixed ? words.code_fixed : words.code_help));
}

export const drawSettings = (editor) => h("div", { class: "ed-settings" }, drawFields(editor, editor.context.vocabulary.settings, ""));

export function drawTrigger(editor) {
    const { words, vocabulary } = editor.context;
    const { trigger } = editor.model.definition;
    const kind = vocabulary.triggers.find((each) => each.key === trigger.kind);
    const setKind = (key) => {
        const next = vocabulary.triggers.find((each) => each.key === key);
        editor.model.set("/trigger", { kind: key, params: initialParams(next.fields) }, { redraw: true });
    };
    const kinds = vocabulary.triggers.map((each) => [each.key, each.label]);
    return h("div", { "data-at": "/trigger/params" },
        drawSays(editor, "/trigger/often", { class: "os-help", role: "status" }), // above what it is about, else it is out of sight
        kinds.length > 1 || !kind ? labelled(words.starts_when, choose(kinds, trigger.kind, setKind, { "data-key": "trigger" }, words.choose), "/trigger/kind") : null,
        kind ? drawFields(editor, kind.fields, "/trigger/params") : null);
}

// A plain sentence: what the trigger ("/trigger") or a step does. Told by the server, and kept up to date in place.
export const drawSays = (editor, key, attributes) => h("p", { class: "ed-says", "data-says": key, ...attributes }, editor.saysOf(key));

// How many orders are there, if it runs: beside the sentence, in both views.
export const drawCountsOf = (editor, key) => (editor.context.live ? h("p", { class: "ed-counted" }, drawCounts(editor, key)) : null);

// The same of one way out.
export const drawCountOf = (editor, key, way) => (editor.context.live ? drawCounts(editor, key, way) : null);

export function drawStepFields(editor, step, at) {
    const { words } = editor.context;
    const kind = editor.model.kinds.get(step.kind);
    if (!kind) {
        const field = { key: "params", label: words.unknown_kind.replace("%s", step.kind), control: "json", help: "" };
        return drawControl({ field, value: step.params, set: (value) => editor.model.set(`${at}/params`, value), at: `${at}/params`, params: {}, context: editor.context });
    }
    const fields = drawFields(editor, kind.fields, `${at}/params`);
    return h("div", { class: "ed-fields", "data-at": `${at}/params` }, kind.fields.length ? fields : h("p", { class: "os-quiet" }, words.nothing_asked));
}

// Copying all steps of a branch into another of the same step.
export function drawBranchCopies(editor, step) {
    const { words } = editor.context;
    const branches = editor.model.branchesOf(step);
    const pairs = branches.flatMap((from) => branches.filter((to) => to !== from && editor.model.stepsOf(step, from.key).length).map((to) => [from, to]));
    const copy = (from, to) => { const key = editor.model.copyBranch(step.key, from.key, to.key); editor.choose(key); };
    if (!pairs.length || !editor.context.mayEdit) return null;
    return h("div", { class: "ed-copies" }, pairs.map(([from, to]) => h("button", { type: "button", class: "os-button os-small", onclick: () => copy(from, to) },
        icon("content_copy"), words.copy_steps.replace("%(from)s", from.label).replace("%(to)s", to.label))));
}
