/* The control `rule`: groups of conditions. It works on a copy, and writes the whole. */

import { durationInputs, momentInput, statusChips, statusesOf } from "./controls.js";
import { choose, h, iconButton, icon, isObject, namesInUse, newId, suggesting, typed } from "./dom.js";

export function drawRule({ field, value, set, at, context }) {
    const rule = canBeDrawn(value) ? structuredClone(value) : { combinator: "and", rules: [] };
    const builder = { context, fields: new Map(context.vocabulary.fields.map((each) => [each.key, each])), wrote: (how) => set(structuredClone(rule), how) };
    return h("div", { class: "os-field", "data-at": at }, h("span", { class: "os-label" }, field.label), drawGroup(builder, rule, at, null, THIS), field.help ? h("p", { class: "os-help" }, field.help) : null);
}

const MOST_OFFERED = 20;
// Which orders a group may speak of; inside one that speaks of others, all do.
const THIS = "this_order";

export function canBeDrawn(group) {
    return isObject(group) && Array.isArray(group.rules) && group.rules.every((part) => isObject(part) && ("field" in part || canBeDrawn(part)));
}

function drawGroup(builder, group, at, removeGroup, around) {
    const { words, vocabulary } = builder.context;
    const of = around === THIS ? group.of || THIS : around;
    const setOf = (key) => { if (key === THIS) delete group.of; else group.of = key; builder.wrote({ redraw: true }); };
    const combinators = [["and", words.all_of], ["or", words.any_of], ["not-and", words.none_of], ["not-or", words.neither_of]];
    const id = newId();
    const setCombinator = (key) => {
        group.combinator = key.replace("not-", "");
        if (key.startsWith("not-")) group.not = true; else delete group.not;
        builder.wrote();
    };
    const remove = (place) => { group.rules.splice(place, 1); builder.wrote({ redraw: `[data-adds="${at}"] button` }); };
    const add = (part) => { group.rules.push(part); builder.wrote({ redraw: `[data-at="${at}/rules/${group.rules.length - 1}"] select` }); };
    return h("div", { class: "ed-group", "data-at": at, role: "group", "aria-label": words.group },
        h("div", { class: "ed-inline ed-tight" }, h("label", { for: id }, words.passes_if),
            choose(combinators, `${group.not ? "not-" : ""}${group.combinator}`, setCombinator, { id }),
            vocabulary.scopes && around === THIS ? choose(vocabulary.scopes.map(({ key, label }) => [key, label]), of, setOf, { "data-key": `${at}:of`, "aria-label": words.of }) : null,
            h("span", { class: "os-grow" }),
            removeGroup ? iconButton(`${words.remove}: ${words.group}`, "delete", { onclick: removeGroup }) : null),
        h("div", { "data-at": `${at}/rules` }, group.rules.map((part, place) => "field" in part
            ? drawCondition(builder, part, `${at}/rules/${place}`, () => remove(place), of)
            : drawGroup(builder, part, `${at}/rules/${place}`, () => remove(place), of))),
        h("div", { class: "ed-add", "data-adds": at },
            h("button", { type: "button", class: "os-button os-small", onclick: () => add(newCondition(builder, of)) }, icon("add"), words.add_condition),
            h("button", { type: "button", class: "os-button os-small", onclick: () => add({ combinator: "or", rules: [newCondition(builder, of)] }) }, icon("add"), words.add_group)));
}

function drawCondition(builder, part, at, remove, of) {
    const { words, vocabulary } = builder.context;
    const field = builder.fields.get(part.field);
    const named = (name) => ({ "data-key": `${at}:${name}`, "aria-label": words[name] });
    const again = () => builder.wrote({ redraw: true });
    const setField = (key) => { choseField(part, builder.fields.get(key)); again(); };
    const setOperator = (name) => { part.operator = name; part.value = fitted(field, name, part.value); if (part.value === undefined) delete part.value; again(); };
    const setTime = (moment) => { if (moment === "now") delete part.at; else part.at = moment; builder.wrote(); };
    const offered = vocabulary.fields.filter((each) => of === THIS || each.elsewhere || each.key === part.field);
    const times = field && field.past && of === THIS ? [["now", words.at_now], ["trigger", words.at_trigger]] : [["now", words.at_now]];
    const operators = (field ? field.operators : [part.operator]).map((name) => [name, words[`op_${name}`] || name]);
    return h("div", { class: "ed-condition", "data-at": at },
        h("div", { "data-at": `${at}/field` }, choose(offered.map((each) => [each.key, each.label]), part.field, setField, named("field")), field ? drawParams(builder, part, field, at) : null),
        h("div", { "data-at": `${at}/operator` }, choose(operators, part.operator, setOperator, named("operator"))),
        h("div", { "data-at": `${at}/value` }, drawValue(builder, part, field)),
        h("div", { "data-at": `${at}/at` }, choose(times, part.at || "now", setTime, named("at"))),
        iconButton(`${words.remove}: ${field ? field.label : part.field}`, "delete", { onclick: remove }));
}

// What a condition says of its field beside the value, such as within which time.
function drawParams(builder, part, field, at) {
    const { context } = builder;
    const { words } = context;
    const put = (key) => (value) => { if (value === "" || value === undefined) delete part[key]; else part[key] = value; builder.wrote(); };
    const draw = {
        duration: (param) => h("div", { class: "ed-inline ed-tight" }, durationInputs(part[param.key], put(param.key), param.label, words)),
        choice: (param) => choose([...(param.required ? [] : [["", words.not_set]]), ...param.choices.map(({ key, label }) => [key, label])], part[param.key] ?? "", put(param.key), { "aria-label": param.label }, words.choose),
    };
    const line = (param) => suggesting(typed(part[param.key], put(param.key), { "aria-label": param.label }), namesInUse(context, param.suggests));
    return (field.params || []).map((param) => h("div", { class: "ed-param", "data-at": `${at}/${param.key}` }, h("span", { class: "os-help" }, param.label), (draw[param.form] || line)(param)));
}

function drawValue(builder, part, field) {
    const { context } = builder;
    const { words } = context;
    const label = { "aria-label": words.value };
    if (!field) return typed(JSON.stringify(part.value), () => {}, { ...label, readonly: true });
    if (["null", "notNull"].includes(part.operator)) return "";
    const many = isList(part.operator);
    const set = (value) => { part.value = value; builder.wrote(); };
    if (field.kind === "status" && many) return statusChips(field.type, part.value, set, words.value, undefined, context);
    if (field.kind === "status") return choose(statusesOf(field.type, [part.value], context), part.value, set, label, words.choose);
    if (field.kind === "flag") return choose([["true", words.yes], ["false", words.no]], String(part.value), (value) => set(value === "true"), label);
    if (field.kind === "choice" && !many) return choose(field.choices.map((each) => [each, each]), part.value, set, label);
    if (many) return drawLines(part.value, set, words.values, namesInUse(context, field.suggests));
    if (part.operator === "between") return drawRange(part, set, field, context);
    return drawOne(field, part.value, set, words.value, context);
}

// Several values. What is in use already is put in by a button, as a text of several lines has no list under it.
function drawLines(value, set, label, offered) {
    const written = () => area.value.split("\n").map((line) => line.trim()).filter(Boolean);
    const area = h("textarea", { class: "os-input", rows: "2", "aria-label": label, title: label, placeholder: label, oninput: () => set(written()) });
    const add = (name) => { if (!written().includes(name)) { area.value = [...written(), name].join("\n"); set(written()); } };
    area.value = (Array.isArray(value) ? value : [value ?? ""]).join("\n");
    if (!offered.length) return area;
    return h("div", {}, area, h("div", { class: "ed-offered" }, offered.slice(0, MOST_OFFERED).map(([name]) => h("button", { type: "button", class: "ed-variable", onclick: () => add(name) }, name))));
}

function drawRange(part, set, field, context) {
    const ends = Array.isArray(part.value) ? [...part.value] : ["", ""];
    const end = (place, name) => drawOne(field, ends[place], (value) => { ends[place] = value; set([...ends]); }, name, context);
    return h("div", { class: "ed-row ed-tight" }, end(0, context.words.from_value), end(1, context.words.to_value));
}

// A text, a number, true or false: what was typed tells which.
const anything = (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : { true: true, false: false }[text] ?? text);

function drawOne(field, value, put, label, context) {
    if (field.kind === "duration") return h("div", { class: "ed-inline ed-tight" }, durationInputs(value, put, label, context.words));
    if (field.kind === "any") return typed(value, (text) => put(anything(text)), { "aria-label": label });
    if (field.kind !== "time") return typed(value, put, { "aria-label": label, inputmode: field.kind === "number" ? "decimal" : null });
    const help = newId();
    return h("div", {}, momentInput(value, put, context, { "aria-label": label, "aria-describedby": help }), h("p", { class: "os-help", id: help }, context.zoneName));
}

const isList = (operator) => ["in", "notIn", "anyOf", "allOf", "noneOf"].includes(operator);

function choseField(part, next) {
    part.field = next.key;
    if (!next.operators.includes(part.operator)) part.operator = next.operators[0];
    if (next.kind === "status" && !["in", "notIn"].includes(part.operator)) part.operator = "in";
    part.value = fitted(next, part.operator, undefined);
    for (const key of Object.keys(part)) if (!["field", "operator", "value", "at"].includes(key)) delete part[key];
    for (const param of next.params || []) if (param.required) part[param.key] = param.form === "duration" ? { value: 7, unit: "days" } : param.choices?.[0]?.key ?? "";
    if (!next.past) delete part.at;
}

function fitted(field, operator, value) {
    if (["null", "notNull"].includes(operator)) return undefined;
    if (isList(operator)) return Array.isArray(value) ? value : value ? [value] : [];
    if (field && field.kind === "duration" && operator !== "between") return isObject(value) ? value : { value: 1, unit: "days" };
    if (operator === "between" && field && field.kind === "duration") return [{ value: 1, unit: "days" }, { value: 7, unit: "days" }];
    if (operator === "between") return Array.isArray(value) && value.length === 2 ? value : [value ?? "", ""];
    if (field && field.kind === "flag") return typeof value === "boolean" ? value : true;
    if (field && field.kind === "choice") return Array.isArray(value) ? value[0] : value || field.choices[0];
    return Array.isArray(value) ? value[0] ?? "" : value ?? "";
}

function newCondition(builder, of) {
    const part = { operator: "in" };
    const first = builder.fields.get("order.payment_status");
    choseField(part, first || builder.context.vocabulary.fields.find((each) => of === THIS || each.elsewhere) || builder.context.vocabulary.fields[0]);
    return part;
}
