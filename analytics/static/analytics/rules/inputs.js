/* Inputs of several parts: how long, when, and which of some or of many. */

import { combobox } from "./combobox.js";
import { announce, choose, h, iconButton, isObject, sameCode, whole } from "./dom.js";

// More than these are not shown all at once, but found by typing.
export const MOST_AT_ONCE = 12;

// How long

export function durationInputs(duration, set, label, words) {
    const value = isObject(duration) ? { ...duration } : { unit: "days" };
    const put = (change) => { Object.assign(value, change); set({ ...value }); };
    return [
        h("input", { class: "os-input", type: "number", min: "1", value: value.value, "aria-label": `${label}: ${words.number}`, oninput: (event) => put({ value: whole(event.target.value) }) }),
        choose([["minutes", words.minutes], ["hours", words.hours], ["days", words.days_unit]], value.unit, (unit) => put({ unit }), { "aria-label": `${label}: ${words.unit}` }),
    ];
}

// Moments in the reader's zone

// What a clock in the zone shows at a moment, as a datetime-local field has it; and the moment of that.
function clockOf(zone) {
    const format = new Intl.DateTimeFormat("sv", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
    const wallTime = (moment) => format.format(moment).replace(" ", "T");
    const ahead = (moment) => Date.parse(`${wallTime(moment)}Z`) - moment;
    const momentOf = (wall) => {
        const written = Date.parse(`${wall}Z`);
        return written - ahead(written - ahead(written)); // the second time beside a change of the clocks
    };
    return { wallTime, momentOf };
}

export function momentInput(value, set, context, attributes) {
    const { wallTime, momentOf } = clockOf(context.zone);
    const moment = typeof value === "string" ? Date.parse(value) : NaN;
    return h("input", { class: "os-input", type: "datetime-local", value: Number.isNaN(moment) ? "" : wallTime(moment),
        onchange: (event) => set(event.target.value ? new Date(momentOf(event.target.value)).toISOString() : ""), ...attributes });
}

// Which of some, or of many

const isIn = (list, key) => list.some((code) => sameCode(code, key));

// `options`: [[key, text, colour], …]; what is chosen and not among them is offered too.
export function drawSome(options, chosen, set, label, words) {
    const list = Array.isArray(chosen) ? [...chosen] : [];
    const known = options.map(([key]) => key);
    const all = [...options, ...list.filter((code) => !isIn(known, code)).map((code) => [code, String(code)])];
    const put = (codes) => { list.splice(0, list.length, ...codes); set([...list]); };
    return all.length > MOST_AT_ONCE ? drawFound(all, list, put, label, words) : drawChips(all, list, put);
}

export function asGroup(box, label) {
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", label);
    return box;
}

function drawChips(options, list, put) {
    const tick = (key, isChosen) => put([...list.filter((code) => !sameCode(code, key)), ...(isChosen ? [key] : [])]);
    return h("div", { class: "ed-chips" }, options.map((option) => h("label", { class: "ed-chip" },
        h("input", { type: "checkbox", checked: isIn(list, option[0]), onchange: (event) => tick(option[0], event.target.checked) }), named(option))));
}

// What is chosen, each to be taken away, and a line to find the others.
function drawFound(options, list, put, label, words) {
    const picked = h("span", { class: "ed-picked" });
    const rest = () => options.filter(([key]) => !isIn(list, key)).map(([key, text]) => ({ key, label: text, group: "" }));
    const add = (key) => { put([...list, key]); show(); announce(textOf(key)); };
    const line = combobox({ options: rest, choose: add, words, "aria-label": `${label}: ${words.find_value}`, placeholder: words.find_value });
    const textOf = (key) => options.find((option) => sameCode(option[0], key))[1];
    const take = (key, place) => {
        put(list.filter((code) => !sameCode(code, key)));
        show();
        const beside = picked.querySelectorAll("button");
        (beside[Math.min(place, beside.length - 1)] || line.querySelector("input")).focus();
    };
    const show = () => picked.replaceChildren(...list.map((key, place) => h("span", { class: "ed-chip ed-chosen" },
        named(options.find((option) => sameCode(option[0], key))),
        iconButton(`${words.take_away}: ${textOf(key)}`, "close", { onclick: () => take(key, place) }))));
    show();
    return h("div", { class: "ed-chips ed-found" }, picked, line);
}

const named = ([, text, colour]) => (colour ? h("span", { class: `os-status os-colour-${colour}` }, text) : text);

// Statuses

// What is retired or merged away is offered only where it is chosen already.
export function statusesOf(type, chosen, { vocabulary, words }) {
    const list = Array.isArray(chosen) ? chosen : [chosen];
    const known = (vocabulary.statuses[type] || []).filter((status) => status.offered || list.some((code) => sameCode(code, status.code)));
    const missing = list.filter((code) => code && !known.some((status) => sameCode(status.code, code)));
    return [...known.map((status) => [status.code, status.name, status.colour]), ...missing.map((code) => [code, `${code} (${words.not_there})`])];
}

export function statusChips(type, chosen, set, label, at, context) {
    const options = statusesOf(type, Array.isArray(chosen) ? chosen : [], context);
    if (!options.length) return h("p", { class: "os-help" }, context.words.no_statuses);
    const box = asGroup(drawSome(options, chosen, set, label, context.words), label);
    if (at) box.setAttribute("data-at", at);
    return box;
}
