/* Inputs of several parts: how long, when, and which statuses. */

import { choose, h, isObject, sameCode, whole } from "./dom.js";

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

// Statuses

// `options`: [[key, text, colour], …]; what is chosen and not among them is offered too.
export function drawChips(options, chosen, set) {
    const list = Array.isArray(chosen) ? [...chosen] : [];
    const missing = list.filter((code) => !options.some(([key]) => sameCode(key, code))).map((code) => [code, String(code)]);
    return h("div", { class: "ed-chips" }, [...options, ...missing].map(([key, text, colour]) => h("label", { class: "ed-chip" },
        h("input", { type: "checkbox", checked: list.some((code) => sameCode(code, key)), onchange: (event) => {
            const rest = list.filter((code) => !sameCode(code, key));
            list.splice(0, list.length, ...(event.target.checked ? [...rest, key] : rest));
            set([...list]);
        } }), colour ? h("span", { class: `os-status os-colour-${colour}` }, text) : text)));
}

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
    const chips = drawChips(options, chosen, set);
    for (const [name, value] of [["role", "group"], ["aria-label", label], ["data-at", at]]) chips.setAttribute(name, value);
    return chips;
}
