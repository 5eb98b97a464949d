/* The controls of the editor: how a param is drawn, by the name its field gives (`StepField.control` on the server).

   A control is a function

       draw({ field, value, set, at, params, context }) -> HTMLElement

   field    what StepForm.described() tells: key, label, help, required, initial, control, and the field's own options
   value    what the definition holds there, of whatever JSON type it may be; undefined: nothing
   set      set(value) writes it into the definition, set(undefined) takes the key away. set(value, { redraw: true })
            draws the form anew and gives the focus back, for a control that changes its own shape;
            set(value, { also: { other: value } }) writes other params in the same step of undo
   at       the JSON pointer of the value. What is wrong with it is told within the element that has data-at={at}; parts
            of a value carry pointers of their own (`${at}/rules/0`)
   params   all params of the step, to read those this one depends on. Read only
   context  { vocabulary, words, names, readOnly, zone, zoneName, urls, csrf, definition, target } — definition is the whole
            of it, read only; target the name of the one status that its trigger leads to; names those in use, by what
            fields say that they suggest

   It draws the whole field: label, control and help, with the helpers of dom.js. It asks no other control, keeps no state
   outside the element, and never writes elsewhere than through `set`. A big one has a file of its own and is named in
   CONTROLS below, which is all that knows it. A control nobody knows is drawn as JSON. */

import { drawRule } from "../../analytics/rules/builder.js";
import { choose, grouped, h, iconButton, isObject, labelled, namesInUse, newId, suggesting, typed, whole } from "../../analytics/rules/dom.js";
import { drawSome, durationInputs, momentInput, statusChips } from "../../analytics/rules/inputs.js";
import { drawTextMessage } from "./text_message.js";

export const CONTROLS = {
    cap: drawCap,
    choice: drawChoice,
    choice_many: drawChoiceMany,
    date: (told) => drawInput(told, { type: "date" }),
    duration: drawDuration,
    flag: drawFlag,
    hourly_limit: drawHourlyLimit,
    json: drawJson,
    line: (told) => drawInput(told, { maxlength: told.field.max_length }),
    moment: drawMoment,
    name: drawInput, // something that has a name already, or a new name
    number: (told) => drawInput(told, { type: "number", min: told.field.min, max: told.field.max }, whole),
    reentry: drawReentry,
    rule: drawRule,
    statuses: drawStatuses,
    statuses_from: drawStatusesFrom,
    statuses_to: drawStatusesTo,
    stop_on: drawStopOn,
    text_message: drawTextMessage,
    time: (told) => drawInput(told, { type: "time" }),
    weekdays: drawWeekdays,
    weights: drawWeights,
};

export const drawControl = (told) => (CONTROLS[told.field.control] || drawJson)(told);

// One line, whatever is typed into it. Emptied, the key goes.
function drawInput({ field, value, set, at, context }, attributes, read = (text) => text) {
    const shown = isObject(value) ? JSON.stringify(value) : value;
    const input = typed(shown, (text) => set(text === "" ? undefined : read(text)), attributes);
    const [, list] = suggesting(input, [...choicesOf(field), ...namesInUse(context, field.suggests)], { many: field.many });
    const drawn = labelled(field.label, input, at, field.help);
    if (list) drawn.append(list);
    return drawn;
}

const choicesOf = (field) => (field.choices || []).map(({ key, label }) => [key, label]);

function drawChoice({ field, value, set, at, context }) {
    const options = field.required ? choicesOf(field) : [["", field.empty || context.words.not_set], ...choicesOf(field)];
    const put = (key) => set(key === "" ? undefined : key, { redraw: true });
    return labelled(field.label, choose(options, value ?? (field.required ? undefined : ""), put, {}, context.words.choose), at, field.help);
}

function drawChoiceMany({ field, value, set, at, context }) {
    return grouped(field.label, drawSome(choicesOf(field), value, set, field.label, context.words), at, field.help);
}

function drawWeekdays({ field, value, set, at, context }) {
    const days = field.choices ? choicesOf(field) : context.vocabulary.weekdays.map(({ key, label }) => [key, label]);
    return grouped(field.label, drawSome(days, value, set, field.label, context.words), at, field.help);
}

// Of what is asked of the trigger's target, the label names that status, once there is one.
export const labelWithTarget = (label, withTarget, target) => (target && withTarget ? withTarget.replace("%s", target) : label);

function drawFlag({ field, value, set, at, context }) {
    const id = newId();
    const label = h("label", { for: id, "data-label": field.label, "data-label-with-target": field.label_with_target || null }, labelWithTarget(field.label, field.label_with_target, context.target));
    return h("div", { class: "os-field", "data-at": at },
        h("div", { class: "os-check" }, h("input", { type: "checkbox", id, checked: value === true, onchange: (event) => set(event.target.checked) }), label),
        field.help ? h("p", { class: "os-help" }, field.help) : null);
}

function drawJson({ field, value, set, at }) {
    const area = h("textarea", { class: "os-input ed-json", rows: "6", spellcheck: "false", oninput: (event) => {
        try {
            set(event.target.value.trim() ? JSON.parse(event.target.value) : undefined);
            area.removeAttribute("aria-invalid");
        } catch {
            area.setAttribute("aria-invalid", "true");
        }
    } });
    area.value = value === undefined ? "" : JSON.stringify(value, null, 2);
    return labelled(field.label, area, at, field.help);
}

// A limit that is there or not: a box to tick, and what it limits beside it. What must be there has no box.
function drawLimit({ field, value, set, at }, initial, controls) {
    if (field.required) return grouped(field.label, controls(value), at, field.help);
    const id = newId();
    const isSet = value !== undefined && value !== null;
    const box = h("input", { type: "checkbox", id, checked: isSet, onchange: (event) => set(event.target.checked ? structuredClone(initial) : undefined, { redraw: true }) });
    return h("div", { class: "os-field", "data-at": at },
        h("div", { class: "ed-inline" }, box, h("label", { for: id }, field.label), isSet ? controls(value) : null), field.help ? h("p", { class: "os-help" }, field.help) : null);
}

function drawDuration(told) {
    const { field, set, context: { words } } = told;
    const initial = field.initial || { value: 1, unit: "hours" };
    return drawLimit(told, initial, (duration) => durationInputs(isObject(duration) ? duration : initial, set, field.label, words));
}

function drawCap(told) {
    const { field, set, context: { words } } = told;
    return drawLimit(told, field.initial || { messages: 2, per: "week" }, (raw) => {
        const value = isObject(raw) ? { ...raw } : {};
        const put = (change) => { Object.assign(value, change); set(JSON.parse(JSON.stringify(value))); }; // without what is undefined
        return [
            typed(value.messages, (text) => put({ messages: whole(text) }), { type: "number", min: "1", "aria-label": words.cap_messages }),
            h("span", {}, `${words.cap_messages.toLowerCase()} ${words.cap_per}`),
            choose([["day", words.day], ["week", words.week]], value.per, (per) => put({ per }), { "aria-label": words.cap_per }),
            typed(value.category, (text) => put({ category: text || undefined }), { "aria-label": words.cap_category, placeholder: words.cap_category }),
            choose([["", words.cap_skip], ["defer", words.cap_defer]], value.then ?? "", (then) => put({ then: then || undefined }), { "aria-label": words.cap_then }),
        ];
    });
}

function drawHourlyLimit({ field, value, set, at, context: { words } }) {
    const messages = isObject(value) ? value.messages : undefined;
    const mode = !isObject(value) ? "none" : messages === "auto" ? "auto" : "number";
    const put = (key) => set({ auto: { messages: "auto" }, number: { messages: 100 }, none: undefined }[key], { redraw: true });
    return grouped(field.label, [
        choose(["auto", "number", "none"].map((key) => [key, words[`hourly_${key}`]]), mode, put, { "aria-label": field.label }),
        mode === "number" ? typed(messages, (text) => set({ messages: whole(text) }), { type: "number", min: "1", "aria-label": words.number }) : null,
    ], at, field.help);
}

function drawReentry({ field, value, set, at, context: { words } }) {
    const reentry = isObject(value) ? { ...value } : { mode: "every_time" };
    const modes = ["once_per_order", "every_time", "first_visit", "once_per_customer", "not_within"].map((key) => [key, words[key]]);
    const put = (change) => { Object.assign(reentry, change); set({ ...reentry }, { redraw: "per" in change }); };
    const id = newId();
    const forCustomer = reentry.mode === "once_per_customer" || (reentry.mode === "not_within" && reentry.per === "customer");
    return h("div", { class: "os-field", "data-at": at },
        h("div", { class: "ed-inline" }, h("label", { for: id }, field.label),
            choose(modes, reentry.mode, (mode) => set(mode === "not_within" ? { mode, days: 30, per: "order" } : { mode }, { redraw: true }), { id }),
            reentry.mode === "not_within" ? [
                typed(reentry.days, (text) => put({ days: whole(text) }), { type: "number", min: "1", "aria-label": words.days }),
                h("span", {}, `${words.days_unit}, ${words.per.toLowerCase()}`),
                choose([["order", words.per_order], ["customer", words.per_customer]], reentry.per, (per) => put({ per }), { "aria-label": words.per }),
            ] : null),
        forCustomer ? h("p", { class: "os-note os-warning ed-warning", role: "status" }, words.silent_order) : null);
}

function drawMoment({ field, value, set, at, context }) {
    const help = [field.help, context.zoneName].filter(Boolean).join(" ");
    return labelled(field.label, momentInput(value, (text) => set(text || undefined), context), at, help);
}

// Statuses

// The type that the statuses are of: the field's own, or what another param says.
export const typeOf = (field, params) => field.type || params[field.type_from || "type"];

function drawStatuses({ field, value, set, at, params, context }) {
    return h("div", { class: "os-field" }, h("span", { class: "os-label" }, field.label),
        statusChips(typeOf(field, params), value, set, field.label, at, context), field.help ? h("p", { class: "os-help" }, field.help) : null);
}

function drawStatusesFrom({ field, value, set, at, params, context }) {
    const { words } = context;
    const mode = Array.isArray(value) ? "only" : isObject(value) ? "not" : value;
    let codes = mode === "only" ? value : mode === "not" ? value.not : [];
    const modes = ["any", "any_existing", "none", "only", "not"].map((key) => [key, words[`from_${key}`]]);
    const written = (key, list) => ({ only: list, not: { not: list } })[key] ?? key;
    return h("div", { "data-at": at },
        labelled(field.label, choose(modes, mode, (key) => set(written(key, Array.isArray(codes) ? codes : []), { redraw: true }), {}, words.choose), undefined, field.help),
        mode === "only" || mode === "not" ? statusChips(typeOf(field, params), codes, (list) => { codes = list; set(written(mode, list)); }, field.label, undefined, context) : null);
}

// Statuses of every type: [{"type", "to": [codes]}], each type once and none without a code.
function drawStopOn({ field, value, set, at, context }) {
    const codes = new Map((Array.isArray(value) ? value : []).filter(isObject).map(({ type, to }) => [type, to]));
    const put = (type, list) => {
        codes.set(type, list);
        const rules = [...codes].filter(([, to]) => Array.isArray(to) && to.length).map(([each, to]) => ({ type: each, to }));
        set(rules.length ? rules : undefined);
    };
    return grouped(field.label, context.vocabulary.types.map(({ key, label }) =>
        h("div", {}, h("span", { class: "os-label" }, label), statusChips(key, codes.get(key), (list) => put(key, list), `${field.label}: ${label}`, undefined, context))), at, field.help);
}

function drawStatusesTo({ field, value, set, at, params, context }) {
    const { words } = context;
    const mode = value === "any" ? "any" : "only";
    return h("div", { "data-at": at },
        labelled(field.label, choose([["only", words.to_only], ["any", words.to_any]], mode, (key) => set(key === "any" ? "any" : [], { redraw: true })), undefined, field.help),
        mode === "only" ? statusChips(typeOf(field, params), value, set, field.label, undefined, context) : null);
}

// Shares: [{ key, name, weight }, …], each a branch of its own. `keys` are those there may be, from `min` to `max` of them.

function drawWeights({ field, value, set, at, context: { words } }) {
    const list = Array.isArray(value) ? value.filter(isObject).map((each) => ({ ...each })) : [];
    const put = (how) => set(list.map((each) => ({ ...each })), how);
    const shares = list.map(() => h("span", { class: "os-quiet ed-share" }));
    const tellShares = () => {
        const total = list.reduce((sum, each) => sum + (Number(each.weight) || 0), 0);
        shares.forEach((share, place) => { share.textContent = total ? `${Math.round(((Number(list[place].weight) || 0) * 100) / total)} %` : ""; });
    };
    const fresh = (field.keys || [..."abcdefghijklmnopqrstuvwxyz"]).find((key) => !list.some((each) => each.key === key));
    const rename = (each, text) => { if (text) each.name = text; else delete each.name; put(); };
    tellShares();
    return h("div", { class: "os-field", "data-at": at, role: "group", "aria-label": field.label }, h("span", { class: "os-label" }, field.label),
        list.map((each, place) => h("div", { class: "ed-inline ed-variant", "data-at": `${at}/${place}` },
            typed(each.name, (text) => rename(each, text), { placeholder: String(each.key).toUpperCase(), "aria-label": `${words.variant} ${String(each.key).toUpperCase()}: ${words.name}` }),
            typed(each.weight, (text) => { each.weight = whole(text); tellShares(); put(); }, { type: "number", min: "0", "aria-label": `${words.variant} ${String(each.key).toUpperCase()}: ${words.weight}` }),
            shares[place],
            iconButton(`${words.remove}: ${words.variant} ${String(each.key).toUpperCase()}`, "delete", { disabled: list.length <= (field.min ?? 1), onclick: () => { list.splice(place, 1); put({ redraw: true }); } }))),
        h("button", { type: "button", class: "os-button os-small", disabled: !fresh || list.length >= (field.max ?? Infinity), onclick: () => { list.push({ key: fresh, weight: 50 }); put({ redraw: true }); } }, words.add_variant),
        field.help ? h("p", { class: "os-help" }, field.help) : null);
}
