/* What a condition compares its field with, and what it says of the field beside that (its params). */

import { combobox } from "./combobox.js";
import { choicesOf, comparesWithNothing, initial, isList, isRelative, paramsOf } from "./conditions.js";
import { announce, choose, h, icon, iconButton, namesInUse, newId, suggesting, typed } from "./dom.js";
import { asGroup, drawSome, durationInputs, momentInput, MOST_AT_ONCE, statusChips, statusesOf } from "./inputs.js";

export function drawValue(builder, part, field) {
    const { context } = builder;
    const { words } = context;
    const label = { "aria-label": words.value };
    const set = (value) => { part.value = value; builder.wrote(); };
    if (!field) return typed(JSON.stringify(part.value), () => {}, { ...label, readonly: true });
    if (comparesWithNothing(part.operator)) return null;
    if (isRelative(part.operator)) return drawDuration(part.value, set, words.value, words);
    if (isList(part.operator)) return drawSeveral(part, field, set, context);
    if (part.operator === "between") return drawRange(part, set, field, context);
    if (field.kind === "status") return choose(statusesOf(field.type, [part.value], context), part.value, set, label, words.choose);
    if (field.kind === "flag") return choose([["true", words.yes], ["false", words.no]], String(part.value), (value) => set(value === "true"), label);
    if (field.kind === "choice") return choose(choicesOf(field), part.value, set, label);
    return drawOne(field, part.value, set, words.value, context);
}

function drawSeveral(part, field, set, context) {
    const { words } = context;
    if (field.type) return statusChips(field.type, part.value, set, words.value, undefined, context);
    const offered = choicesOf(field);
    if (offered.length) return asGroup(drawSome(offered, part.value, set, words.value, words), words.value);
    return drawLines(part.value, set, words, namesInUse(context, field.suggests).map(([name]) => name));
}

// Several values. What is in use already is put in by a button or, where there is much, found by typing, as a text of
// several lines has no list under it.
function drawLines(value, set, words, offered) {
    const written = () => area.value.split("\n").map((line) => line.trim()).filter(Boolean);
    const area = h("textarea", { class: "os-input", rows: "2", "aria-label": words.values, title: words.values, placeholder: words.values, oninput: () => set(written()) });
    const add = (name) => { if (!written().includes(name)) { area.value = [...written(), name].join("\n"); set(written()); announce(name); } };
    area.value = (Array.isArray(value) ? value : [value ?? ""]).join("\n");
    if (!offered.length) return area;
    const rest = () => offered.filter((name) => !written().includes(name)).map((name) => ({ key: name, label: name, group: "" }));
    const offers = offered.length > MOST_AT_ONCE
        ? combobox({ options: rest, choose: add, words, "aria-label": `${words.value}: ${words.find_value}`, placeholder: words.find_value })
        : offered.map((name) => h("button", { type: "button", class: "ed-variable", onclick: () => add(name) }, name));
    return h("div", {}, area, h("div", { class: "ed-offered" }, offers));
}

function drawRange(part, set, field, context) {
    const ends = Array.isArray(part.value) ? [...part.value] : ["", ""];
    const end = (place, name) => drawOne(field, ends[place], (value) => { ends[place] = value; set([...ends]); }, name, context);
    return h("div", { class: "rule-range" }, end(0, context.words.from_value), h("span", { class: "os-quiet" }, context.words.and_value), end(1, context.words.to_value));
}

// A text, a number, true or false: what was typed tells which.
const anything = (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : { true: true, false: false }[text] ?? text);

function drawOne(field, value, put, label, context) {
    if (field.kind === "duration") return drawDuration(value, put, label, context.words);
    if (field.kind === "any") return typed(value, (text) => put(anything(text)), { "aria-label": label });
    if (field.kind === "number") return typed(value, put, { "aria-label": label, inputmode: "decimal", class: "os-input rule-number" });
    if (field.kind !== "time") return suggesting(typed(value, put, { "aria-label": label }), namesInUse(context, field.suggests));
    const help = newId();
    return h("div", {}, momentInput(value, put, context, { "aria-label": label, "aria-describedby": help }), h("p", { class: "os-help", id: help }, context.zoneName));
}

const drawDuration = (value, put, label, words) => h("div", { class: "ed-inline ed-tight" }, durationInputs(value, put, label, words));

// Params

// Those that may be left out, and are, are offered as buttons.
export function drawParams(builder, part, field, at) {
    const isThere = (param) => param.required || part[param.key] !== undefined;
    const params = paramsOf(field, builder.words);
    const absent = params.filter((param) => !isThere(param));
    const drawn = params.filter((param) => isThere(param) && param.form !== "group").map((param) => drawParam(builder, part, field, param, at));
    const offers = builder.context.readOnly ? [] : absent.map((param) => drawOffer(builder, part, param, at));
    return drawn.length || offers.length ? h("div", { class: "rule-params" }, drawn, offers.length ? h("div", { class: "rule-offers" }, offers) : null) : null;
}

function drawOffer(builder, part, param, at) {
    const add = () => { part[param.key] = initial(param); builder.wrote({ redraw: `[data-at="${at}/${param.key}"] :is(input, select, textarea)` }); };
    return h("button", { type: "button", class: "rule-offer", "data-key": `${at}:add-${param.key}`, onclick: add }, icon("add"), param.label);
}

function drawParam(builder, part, field, param, at) {
    const { words } = builder.context;
    const take = () => { delete part[param.key]; builder.wrote({ redraw: `[data-key="${at}:add-${param.key}"]` }); };
    return h("div", { class: "rule-param", "data-at": `${at}/${param.key}` },
        h("span", { class: "rule-param-name" }, param.label), drawParamValue(builder, part, field, param),
        param.required || builder.context.readOnly ? null : iconButton(`${words.take_away}: ${param.label}`, "close", { onclick: take }));
}

function drawParamValue(builder, part, field, param) {
    const { context } = builder;
    const { words } = context;
    const value = part[param.key];
    const put = (written) => { if (written === "") delete part[param.key]; else part[param.key] = written; builder.wrote(); };
    const type = field.type || part.type;
    const draw = {
        duration: () => drawDuration(value, put, param.label, words),
        choice: () => choose(param.choices.map(({ key, label }) => [key, label]), value, (key) => chose(builder, part, field, param, key), { "aria-label": param.label }, words.choose),
        status: () => choose(statusesOf(type, [value], context), value, put, { "aria-label": param.label }, words.choose),
        statuses: () => statusChips(type, value, put, param.label, undefined, context),
    };
    return (draw[param.form] || (() => suggesting(typed(value, put, { "aria-label": param.label }), namesInUse(context, param.suggests))))();
}

// Statuses are of the type that another param says: with another type they mean nothing.
function chose(builder, part, field, param, key) {
    part[param.key] = key;
    for (const other of param.key === "type" ? field.params : []) if (other.form.startsWith("status") && part[other.key] !== undefined) part[other.key] = initial(other);
    builder.wrote({ redraw: true });
}
