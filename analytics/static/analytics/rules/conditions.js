/* Conditions as JSON: what a new one begins as, and how one is fitted to another field or operator. */

import { isObject } from "./dom.js";
import { emptyGroup } from "./tree.js";

const LISTS = ["in", "notIn", "anyOf", "allOf", "noneOf"];
const OWN_KEYS = ["field", "operator", "value", "at", "id"];

export const isList = (operator) => LISTS.includes(operator);
export const comparesWithNothing = (operator) => ["null", "notNull"].includes(operator);
export const isRelative = (operator) => ["inLast", "notInLast"].includes(operator);

// A status is compared with several, unless it was written otherwise; a time first of all with how long ago.
export function operatorsOf(field, current) {
    const seldom = field.kind === "status" ? ["=", "!="] : [];
    const offered = field.operators.filter((name) => name === current || !seldom.includes(name));
    return [...offered.filter(isRelative), ...offered.filter((name) => !isRelative(name))];
}

export function newCondition(field, code) {
    const part = {};
    choseField(part, field);
    choseValue(part, field, code);
    return part;
}

// What it was found by: a value, or the status that the field asks about.
export function choseValue(part, field, code) {
    const param = (field.params || []).find(({ form }) => form === "status");
    if (code === undefined) return;
    if (param) part[param.key] = code;
    else part.value = isList(part.operator) ? [code] : code;
}

export function choseField(part, field) {
    const offered = operatorsOf(field);
    part.field = field.key;
    if (!offered.includes(part.operator)) part.operator = field.kind === "number" && offered.includes(">=") ? ">=" : offered[0];
    choseOperator(part, field, part.operator, undefined);
    for (const key of Object.keys(part)) if (!OWN_KEYS.includes(key)) delete part[key];
    for (const param of field.params || []) if (param.required) part[param.key] = initial(param);
    if (!field.past) delete part.at;
}

export function choseOperator(part, field, operator, value = part.value) {
    part.operator = operator;
    part.value = fitted(field, operator, value);
    if (part.value === undefined) delete part.value;
}

export function initial(param) {
    const begins = { duration: () => ({ value: 30, unit: "days" }), statuses: () => [], group: () => emptyGroup(), choice: () => param.choices[0]?.key ?? "" };
    return (begins[param.form] || (() => ""))();
}

function fitted(field, operator, value) {
    if (comparesWithNothing(operator)) return undefined;
    if (isRelative(operator)) return isObject(value) ? value : { value: 30, unit: "days" };
    if (isList(operator)) return Array.isArray(value) ? value : value && !isObject(value) ? [value] : [];
    if (field.kind === "duration") return fittedDuration(operator, value);
    const plain = isObject(value) ? "" : value;
    if (operator === "between") return Array.isArray(plain) && plain.length === 2 ? plain : [plain ?? "", ""];
    const one = Array.isArray(plain) ? plain[0] ?? "" : plain ?? "";
    if (field.kind === "flag") return typeof one === "boolean" ? one : true;
    return field.kind === "choice" ? one || choicesOf(field)[0]?.[0] : one;
}

function fittedDuration(operator, value) {
    if (operator === "between") return [{ value: 1, unit: "days" }, { value: 7, unit: "days" }];
    return isObject(value) ? value : { value: 1, unit: "days" };
}

export const choicesOf = (field) => (field.choices || []).map((each) => (isObject(each) ? [each.key, each.label] : [each, each]));

// A metric over orders may say which it counts, by a group of conditions.
export const paramsOf = (field, words) => [...(field.params || []), ...(field.where ? [{ key: "where", form: "group", label: words.only_some_orders, required: false }] : [])];
