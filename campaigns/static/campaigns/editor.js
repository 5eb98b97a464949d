/* A campaign's definition as a form. The JSON in the textarea is what is sent; this draws it, and writes it back.
   Everything is an ordinary control: it works by keyboard, and without this script the JSON stands there to be edited. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
    const data = JSON.parse(document.getElementById("campaign-data").textContent);
    const { vocabulary: vocab, mayEdit, codeFixed } = data;
    const words = vocab.words;
    const form = document.getElementById("campaign-form");
    const json = document.getElementById("definition");
    const jsonError = document.getElementById("json-error");
    const panels = { form: document.getElementById("panel-form"), json: document.getElementById("panel-json") };
    const tabs = { form: document.getElementById("tab-form"), json: document.getElementById("tab-json") };
    const fieldsByKey = new Map(vocab.fields.map((field) => [field.key, field]));
    const kindsByKey = new Map(vocab.kinds.map((kind) => [kind.key, kind]));
    let problems = data.problems;
    let definition = null;
    let sent = false;
    let ids = 0;
    const asSaved = json.value;

    // Drawing

    function h(tag, attributes, ...children) {
        const element = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes || {})) {
            if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
            else if (name in element && typeof value === "boolean") element[name] = value;
            else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
        }
        element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
        return element;
    }
    const newId = () => `ed-${++ids}`;
    const icon = (name) => h("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name);

    // A labelled control. `at` is its place in the definition, by which problems find it.
    function labelled(label, control, at, help) {
        const id = control.id || (control.id = newId());
        return h("div", { class: "os-field", "data-at": at }, h("label", { for: id }, label), control, help ? h("p", { class: "os-help" }, help) : null);
    }

    function choose(options, value, set, attributes) {
        const known = options.some(([key]) => key === value);
        const all = known ? options : [[value ?? "", value ? String(value) : words.choose], ...options];
        return h("select", { class: "os-input", onchange: (event) => set(event.target.value), ...attributes },
            all.map(([key, text]) => h("option", { value: key, selected: key === (value ?? "") }, text)));
    }

    function typed(value, set, attributes) {
        return h("input", { class: "os-input", value: value ?? "", oninput: (event) => { set(event.target.value); wrote(); }, ...attributes });
    }

    const whole = (text) => (/^\d+$/.test(text) ? Number(text) : text);

    function durationControls(duration, set, label) {
        const value = duration && typeof duration === "object" ? duration : { value: 1, unit: "hours" };
        const put = (change) => { Object.assign(value, change); set(value); wrote(); };
        return [
            h("input", { class: "os-input", type: "number", min: "1", value: value.value, "aria-label": `${label}: ${words.number}`, oninput: (event) => put({ value: whole(event.target.value) }) }),
            choose([["minutes", words.minutes], ["hours", words.hours], ["days", words.days_unit]], value.unit, (unit) => put({ unit }), { "aria-label": `${label}: ${words.unit}` }),
        ];
    }

    // A limit that is there or not: a checkbox, and what it limits beside it.
    function optional(holder, key, label, initial, controls, at) {
        const id = newId();
        const box = h("input", { type: "checkbox", id, checked: holder[key] !== undefined && holder[key] !== null, onchange: (event) => {
            if (event.target.checked) holder[key] = structuredClone(initial); else delete holder[key];
            redraw(`[data-key="${at}"]`);
        }, "data-key": at });
        return h("div", { class: "ed-inline", "data-at": at }, box, h("label", { for: id }, label), holder[key] ? controls(holder[key]) : null);
    }

    function chips(type, chosen, set, label, at) {
        const known = vocab.statuses[type] || [];
        const same = (a, b) => String(a).toLowerCase() === String(b).toLowerCase();
        const list = Array.isArray(chosen) ? chosen : [];
        const missing = list.filter((code) => !known.some((status) => same(status.code, code)));
        const all = [...known, ...missing.map((code) => ({ code, name: `${code} (${words.not_there})` }))];
        if (!all.length) return h("p", { class: "os-help" }, words.no_statuses);
        return h("div", { class: "ed-chips", role: "group", "aria-label": label, "data-at": at },
            all.map((status) => h("label", { class: "ed-chip" },
                h("input", { type: "checkbox", checked: list.some((code) => same(code, status.code)), onchange: (event) => {
                    const rest = list.filter((code) => !same(code, status.code));
                    set(event.target.checked ? [...rest, status.code] : rest);
                    list.splice(0, list.length, ...(event.target.checked ? [...rest, status.code] : rest));
                    wrote();
                } }), status.name)));
    }

    // The parts of a campaign

    function drawForm() {
        return h("fieldset", { class: "ed-form", disabled: !mayEdit },
            drawNames(), drawTrigger(), drawEntry(),
            h("section", { class: "os-card", "data-at": "/steps" }, h("h2", {}, words.steps), drawSteps(definition.steps, "/steps", (list) => { definition.steps = list; })));
    }

    function drawNames() {
        const code = typed(definition.code, (value) => { definition.code = value; }, { id: "ed-code", readonly: Boolean(codeFixed), "data-suggested": "", spellcheck: "false", autocomplete: "off", maxlength: "64" });
        if (codeFixed || definition.code) code.dataset.touched = "1";
        code.addEventListener("os:suggested", () => { code.value = code.value.replaceAll("_", "-"); definition.code = code.value; wrote(); });
        const name = typed(definition.name, (value) => { definition.name = value; }, { maxlength: "200", "data-suggests": "ed-code", autocomplete: "off", autofocus: data.isNew });
        return h("section", { class: "os-card" }, h("div", { class: "ed-row" },
            labelled(words.name, name, "/name"), labelled(words.code, code, "/code", codeFixed ? words.code_fixed : words.code_help)));
    }

    function drawTrigger() {
        const params = definition.trigger.params;
        const again = (key) => redraw(`[data-key="${key}"]`);
        const mode = Array.isArray(params.from) ? "only" : params.from && typeof params.from === "object" ? "not" : params.from;
        const modes = ["any", "any_existing", "none", "only", "not"].map((key) => [key, words[`from_${key}`]]);
        const fromCodes = mode === "only" ? params.from : mode === "not" ? params.from.not : [];
        const setMode = (key) => {
            params.from = { only: fromCodes, not: { not: fromCodes } }[key] ?? key;
            again("from");
        };
        const to = Array.isArray(params.to) ? "only" : params.to;
        return h("section", { class: "os-card", "data-at": "/trigger" },
            h("h2", {}, words.starts),
            h("p", { class: "ed-sentence", id: "ed-sentence", "aria-live": "polite" }, sentence()),
            labelled(words.type, choose(vocab.types.map((type) => [type.key, type.label]), params.type, (type) => {
                params.type = type;
                if (Array.isArray(params.to)) params.to = [];
                if (mode === "only" || mode === "not") params.from = "any";
                again("type");
            }, { "data-key": "type" }), "/trigger/params/type"),
            h("div", { class: "ed-row" },
                h("div", { "data-at": "/trigger/params/from" },
                    labelled(words.from, choose(modes, mode, setMode, { "data-key": "from" })),
                    mode === "only" || mode === "not" ? chips(params.type, fromCodes, (codes) => { params.from = mode === "only" ? codes : { not: codes }; }, words.from) : null),
                h("div", { "data-at": "/trigger/params/to" },
                    labelled(words.to, choose([["only", words.to_only], ["any", words.to_any]], to, (key) => { params.to = key === "any" ? "any" : []; again("to"); }, { "data-key": "to" })),
                    to === "only" ? chips(params.type, params.to, (codes) => { params.to = codes; }, words.to) : null)));
    }

    function drawEntry() {
        const reentry = definition.reentry || { mode: "every_time" };
        const modes = ["once_per_order", "every_time", "first_visit", "once_per_customer", "not_within"].map((key) => [key, words[key]]);
        return h("section", { class: "os-card" }, h("h2", {}, words.entry),
            h("div", { class: "ed-inline", "data-at": "/reentry" },
                h("label", { for: "ed-reentry" }, words.reentry),
                choose(modes, reentry.mode, (mode) => {
                    definition.reentry = mode === "not_within" ? { mode, days: 30, per: "order" } : { mode };
                    redraw("#ed-reentry");
                }, { id: "ed-reentry" }),
                reentry.mode === "not_within" ? [
                    typed(reentry.days, (value) => { reentry.days = whole(value); }, { type: "number", min: "1", "aria-label": words.days }),
                    h("span", {}, words.days_unit), h("label", { for: "ed-per" }, words.per.toLowerCase()),
                    choose([["order", words.per_order], ["customer", words.per_customer]], reentry.per, (per) => { reentry.per = per; wrote(); }, { id: "ed-per" }),
                ] : null),
            optional(definition, "max_age", words.max_age, { value: 24, unit: "hours" }, (age) => durationControls(age, (value) => { definition.max_age = value; }, words.max_age), "/max_age"),
            optional(definition, "frequency_cap", words.cap, { messages: 2, per: "week" }, (cap) => [
                typed(cap.messages, (value) => { cap.messages = whole(value); }, { type: "number", min: "1", "aria-label": words.cap_messages }),
                h("span", {}, `${words.cap_messages.toLowerCase()} ${words.cap_per}`),
                choose([["day", words.day], ["week", words.week]], cap.per, (per) => { cap.per = per; wrote(); }, { "aria-label": words.cap_per }),
            ], "/frequency_cap"));
    }

    function drawSteps(steps, at, put) {
        const list = Array.isArray(steps) ? steps : [];
        const move = (place, by) => {
            const [step] = list.splice(place, 1);
            list.splice(place + by, 0, step);
            put(list);
            moved(`[data-key="${by < 0 ? "up" : "down"}:${step.key}"]`, `[data-key="${by < 0 ? "down" : "up"}:${step.key}"]`);
        };
        const add = (kind) => {
            const step = newStep(kind);
            list.push(step);
            put(list);
            moved(`[data-step="${step.key}"] :is(select, textarea, input):not([type=hidden])`);
        };
        const remove = (place) => {
            list.splice(place, 1);
            put(list);
            moved(`[data-adds="${at}"] button`);
        };
        return h("div", {},
            h("div", { class: "ed-steps" }, list.map((step, place) => drawStep(step, place, list.length, `${at}/${place}`, move, remove))),
            list.length || at !== "/steps" ? null : h("p", { class: "os-quiet" }, words.no_steps),
            h("div", { class: "ed-add", "data-adds": at, role: "group", "aria-label": words.add }, h("span", { class: "os-quiet" }, words.add),
                vocab.kinds.map((kind) => h("button", { type: "button", class: "os-button os-small", onclick: () => add(kind) }, icon("add"), kind.label))));
    }

    function drawStep(step, place, count, at, move, remove) {
        const kind = kindsByKey.get(step.kind);
        const label = kind ? kind.label : step.kind;
        const spoken = `${words.step} ${place + 1}, ${label}`;
        const button = (key, text, symbol, act, disabled) => h("button", { type: "button", class: "os-icon", "aria-label": `${text}: ${spoken}`, title: text, "data-key": `${key}:${step.key}`, disabled, onclick: act }, icon(symbol));
        step.params = step.params || {};
        const body = bodies[step.kind] || drawUnknown;
        return h("section", { class: "ed-step", "data-at": at, "data-step": step.key, "data-kind": step.kind, "aria-label": spoken },
            h("div", { class: "ed-step-head" }, h("h3", {}, h("span", {}, `${place + 1}.`), label),
                button("up", words.up, "arrow_upward", () => move(place, -1), place === 0),
                button("down", words.down, "arrow_downward", () => move(place, 1), place === count - 1),
                button("remove", words.remove, "delete", () => remove(place), false)),
            body(step, `${at}/params`),
            (kind ? kind.branches : []).map((branch) => drawBranch(step, branch, `${at}/branches/${branch.key}`)));
    }

    function drawBranch(step, branch, at) {
        const steps = (step.branches || {})[branch.key] || [];
        const put = (list) => { step.branches = { ...step.branches, [branch.key]: list }; };
        const inside = [drawSteps(steps, at, put)];
        const note = steps.length ? null : h("span", { class: "os-quiet" }, ` ${branch.ends ? words.ends : words.goes_on}`);
        // What is seldom used stays folded: the branches of a step that are empty, but for a filter's "yes".
        if (!steps.length && branch.key !== "yes") return h("details", { class: "ed-branch", "data-at": at }, h("summary", {}, branch.label, note), inside);
        return h("div", { class: "ed-branch", "data-at": at }, h("h4", {}, branch.label, note), inside);
    }

    const bodies = {
        filter_customers(step, at) {
            step.params.rule = step.params.rule || { combinator: "and", rules: [newCondition()] };
            return h("div", { "data-at": `${at}/rule` }, drawGroup(step.params.rule, `${at}/rule`, null));
        },
        wait(step, at) {
            step.params.duration = step.params.duration || { value: 1, unit: "hours" };
            return h("div", { class: "ed-inline", "data-at": `${at}/duration` }, h("span", {}, words.wait_for), durationControls(step.params.duration, (value) => { step.params.duration = value; }, words.wait_for));
        },
        send_sms(step, at) {
            const params = step.params;
            const counter = h("span", {});
            const count = () => { counter.textContent = `${(params.text || "").length} ${words.characters} · `; };
            const text = h("textarea", { class: "os-input ed-text", rows: "3", oninput: (event) => { params.text = event.target.value; count(); wrote(); } });
            text.value = params.text || "";
            count();
            const insert = (name) => {
                text.setRangeText(`{{ ${name} }}`, text.selectionStart, text.selectionEnd, "end");
                text.dispatchEvent(new Event("input"));
                text.focus();
            };
            const put = (key, value) => { if (value === "") delete params[key]; else params[key] = value; wrote(); };
            const still = newId();
            return h("div", {},
                labelled(words.text, text, `${at}/text`),
                h("div", { class: "ed-under", style: "margin:-.5rem 0 1rem" }, counter, h("span", {}, words.variables),
                    vocab.variables.filter((name) => offered.includes(name)).map((name) => h("button", { type: "button", class: "ed-variable", onclick: () => insert(name) }, name))),
                h("div", { class: "ed-row" },
                    labelled(words.purpose, choose(vocab.purposes.map((each) => [each.key, each.label]), params.purpose, (value) => put("purpose", value)), `${at}/purpose`),
                    labelled(words.deliver, choose([["", words.deliver_default], ...vocab.deliver.map((each) => [each.key, each.label])], params.deliver ?? "", (value) => put("deliver", value)), `${at}/deliver`),
                    labelled(words.category, typed(params.category, (value) => put("category", value)), `${at}/category`, words.category_help)),
                h("div", { class: "ed-inline", "data-at": `${at}/only_if_still` },
                    h("input", { type: "checkbox", id: still, checked: params.only_if_still === true, onchange: (event) => put("only_if_still", event.target.checked) }), h("label", { for: still }, words.only_if_still)),
                optional(params, "lifetime", words.lifetime, { value: 24, unit: "hours" }, (value) => durationControls(value, (duration) => { params.lifetime = duration; }, words.lifetime), `${at}/lifetime`));
        },
    };
    const offered = ["customer.first_name", "order.external_id", "order.total", "order.currency", "order.delivery_status", "order.payment_status", "change.to"];

    function drawUnknown(step, at) {
        const area = h("textarea", { class: "os-input ed-json", rows: "6", oninput: (event) => {
            try { step.params = JSON.parse(event.target.value); area.removeAttribute("aria-invalid"); wrote(); } catch { area.setAttribute("aria-invalid", "true"); }
        } });
        area.value = JSON.stringify(step.params, null, 2);
        return labelled(words.params, area, at);
    }

    function drawGroup(group, at, removeGroup) {
        const combinators = [["and", words.all_of], ["or", words.any_of], ["not-and", words.none_of], ["not-or", words.neither_of]];
        const chosen = `${group.not ? "not-" : ""}${group.combinator}`;
        const id = newId();
        const remove = (place) => { group.rules.splice(place, 1); moved(`[data-adds="${at}"] button`); };
        const add = (part) => { group.rules.push(part); moved(`[data-at="${at}/rules/${group.rules.length - 1}"] select`); };
        return h("div", { class: "ed-group", "data-at": at, role: "group", "aria-label": words.group },
            h("div", { class: "ed-inline", style: "margin:0" }, h("label", { for: id }, words.passes_if),
                choose(combinators, chosen, (key) => {
                    group.combinator = key.replace("not-", "");
                    if (key.startsWith("not-")) group.not = true; else delete group.not;
                    wrote();
                }, { id }), h("span", { class: "os-grow" }),
                removeGroup ? h("button", { type: "button", class: "os-icon", "aria-label": `${words.remove}: ${words.group}`, onclick: removeGroup }, icon("delete")) : null),
            h("div", { "data-at": `${at}/rules` }, group.rules.map((part, place) => "field" in part
                ? drawCondition(part, `${at}/rules/${place}`, () => remove(place))
                : drawGroup(part, `${at}/rules/${place}`, () => remove(place)))),
            h("div", { class: "ed-add", "data-adds": at },
                h("button", { type: "button", class: "os-button os-small", onclick: () => add(newCondition()) }, icon("add"), words.add_condition),
                h("button", { type: "button", class: "os-button os-small", onclick: () => add({ combinator: "or", rules: [newCondition()] }) }, icon("add"), words.add_group)));
    }

    function drawCondition(part, at, remove) {
        const field = fieldsByKey.get(part.field);
        const key = (name) => ({ "data-key": `${at}:${name}`, "aria-label": words[name] });
        const again = (name) => redraw(`[data-key="${CSS.escape(`${at}:${name}`)}"]`);
        const setField = (name) => {
            const next = fieldsByKey.get(name);
            part.field = name;
            if (!next.operators.includes(part.operator)) part.operator = next.operators[0];
            if (next.kind === "status" && !["in", "notIn"].includes(part.operator)) part.operator = "in";
            part.value = emptyValue(next, part.operator);
            if (!next.past) delete part.at;
            again("field");
        };
        const setOperator = (name) => { part.operator = name; part.value = fitted(field, name, part.value); if (part.value === undefined) delete part.value; again("operator"); };
        const times = field && field.past ? [["now", words.at_now], ["trigger", words.at_trigger]] : [["now", words.at_now]];
        return h("div", { class: "ed-condition", "data-at": at },
            h("div", { "data-at": `${at}/field` }, choose(vocab.fields.map((each) => [each.key, each.label]), part.field, setField, key("field"))),
            h("div", { "data-at": `${at}/operator` }, choose((field ? field.operators : [part.operator]).map((name) => [name, words[`op_${name}`] || name]), part.operator, setOperator, key("operator"))),
            h("div", { "data-at": `${at}/value` }, drawValue(part, field)),
            h("div", { "data-at": `${at}/at` }, choose(times, part.at || "now", (moment) => { if (moment === "now") delete part.at; else part.at = moment; wrote(); }, key("at"))),
            h("button", { type: "button", class: "os-icon", "aria-label": `${words.remove}: ${field ? field.label : part.field}`, onclick: remove }, icon("delete")));
    }

    function drawValue(part, field) {
        const label = { "aria-label": words.value };
        if (!field || ["null", "notNull"].includes(part.operator)) return field ? "" : typed(JSON.stringify(part.value), () => {}, { ...label, readonly: true });
        const many = ["in", "notIn"].includes(part.operator);
        const set = (value) => { part.value = value; wrote(); };
        if (field.kind === "status") {
            if (many) return chips(field.type, Array.isArray(part.value) ? part.value : [], (codes) => { part.value = codes; }, words.value);
            return choose((vocab.statuses[field.type] || []).map((status) => [status.code, status.name]), part.value, set, label);
        }
        if (field.kind === "flag") return choose([["true", words.yes], ["false", words.no]], String(part.value), (value) => set(value === "true"), label);
        if (field.kind === "choice" && !many) return choose(field.choices.map((each) => [each, each]), part.value, set, label);
        if (many) {
            const area = h("textarea", { class: "os-input", rows: "2", "aria-label": words.values, title: words.values, placeholder: words.values, oninput: (event) => set(event.target.value.split("\n").map((line) => line.trim()).filter(Boolean)) });
            area.value = (Array.isArray(part.value) ? part.value : [part.value ?? ""]).join("\n");
            return area;
        }
        const one = (value, put, name) => oneValue(field, value, put, name);
        if (part.operator === "between") {
            const ends = Array.isArray(part.value) ? part.value : ["", ""];
            const end = (place, name) => one(ends[place], (value) => { ends[place] = value; set(ends); }, name);
            return h("div", { class: "ed-row", style: "gap:.5rem" }, end(0, words.from_value), end(1, words.to_value));
        }
        return one(part.value, set, words.value);
    }

    function oneValue(field, value, put, label) {
        if (field.kind !== "time") return h("input", { class: "os-input", "aria-label": label, inputmode: field.kind === "number" ? "decimal" : null, value: value ?? "", oninput: (event) => put(event.target.value) });
        const local = value && !Number.isNaN(Date.parse(value)) ? new Date(Date.parse(value) - new Date(value).getTimezoneOffset() * 60000).toISOString().slice(0, 16) : "";
        return h("input", { class: "os-input", type: "datetime-local", "aria-label": label, value: local, onchange: (event) => put(event.target.value ? new Date(event.target.value).toISOString() : "") });
    }

    // New parts

    const emptyValue = (field, operator) => fitted(field, operator, undefined);
    function fitted(field, operator, value) {
        if (["null", "notNull"].includes(operator)) return undefined;
        if (["in", "notIn"].includes(operator)) return Array.isArray(value) ? value : value ? [value] : [];
        if (operator === "between") return Array.isArray(value) && value.length === 2 ? value : [value ?? "", ""];
        if (field && field.kind === "flag") return typeof value === "boolean" ? value : true;
        if (field && field.kind === "choice") return Array.isArray(value) ? value[0] : value || field.choices[0];
        return Array.isArray(value) ? value[0] ?? "" : value ?? "";
    }
    const newCondition = () => ({ field: "order.payment_status", operator: "in", value: [] });

    function newStep(kind) {
        const used = new Set();
        const collect = (steps) => (Array.isArray(steps) ? steps : []).forEach((step) => { used.add(step.key); Object.values(step.branches || {}).forEach(collect); });
        collect(definition.steps);
        const stem = { filter_customers: "filter", send_sms: "sms" }[kind.key] || kind.key;
        let number = 1;
        while (used.has(number === 1 ? stem : `${stem}-${number}`)) number += 1;
        const params = {
            filter_customers: () => ({ rule: { combinator: "and", rules: [newCondition()] } }),
            wait: () => ({ duration: { value: 1, unit: "hours" } }),
            send_sms: () => ({ text: "", purpose: "transactional", only_if_still: true, lifetime: { value: 24, unit: "hours" } }),
        }[kind.key];
        return { key: number === 1 ? stem : `${stem}-${number}`, kind: kind.key, params: params ? params() : {} };
    }

    // The trigger as a sentence

    function sentence() {
        const { type, from, to } = definition.trigger.params;
        const named = (codes) => {
            const names = codes.map((code) => ((vocab.statuses[type] || []).find((status) => status.code.toLowerCase() === String(code).toLowerCase()) || { name: `“${code}”` }).name);
            return names.length ? [names.slice(0, -1).join(", "), names.at(-1)].filter(Boolean).join(` ${words.when_or} `) : words.nothing_chosen;
        };
        const origin = Array.isArray(from) ? words.when_from.replace("%s", named(from))
            : from && from.not ? words.when_not.replace("%s", named(from.not))
            : { none: words.when_from.replace("%s", words.from_none), any_existing: words.when_from.replace("%s", words.from_any_existing) }[from] || "";
        const label = (vocab.types.find((each) => each.key === type) || { label: type }).label.toLowerCase();
        return words.when.replace("%(type)s", label).replace("%(from)s", origin ? ` ${origin}` : "").replace("%(to)s", Array.isArray(to) ? named(to) : words.to_any);
    }

    // Keeping the form and the JSON one

    function wrote() {
        json.value = JSON.stringify(definition, null, 2);
        const shown = document.getElementById("ed-sentence");
        if (shown && shown.textContent !== sentence()) shown.textContent = sentence();
        noteUnsaved();
    }

    const wasRefused = data.problems.length > 0 || data.isStale;
    const isDirty = () => wasRefused || json.value !== asSaved;
    function noteUnsaved() {
        const note = document.getElementById("unsaved");
        if (note) note.textContent = isDirty() && mayEdit ? note.dataset.text || "●" : "";
    }

    function redraw(focus) {
        wrote();
        panels.form.replaceChildren(drawForm());
        showProblems();
        const at = focus && panels.form.querySelector(focus);
        if (at) at.focus();
    }

    // Places of problems shift when steps do: those of steps are shown until then.
    function moved(...focus) {
        problems = problems.filter((problem) => !problem.pointer.startsWith("/steps"));
        redraw();
        const at = focus.map((selector) => panels.form.querySelector(selector)).find((element) => element && !element.disabled);
        if (at) at.focus();
    }

    function showProblems() {
        for (const problem of problems) {
            let pointer = problem.pointer;
            let place = null;
            while (pointer && !(place = panels.form.querySelector(`[data-at="${CSS.escape(pointer)}"]`))) pointer = pointer.slice(0, pointer.lastIndexOf("/"));
            if (!place) continue;
            const id = newId();
            place.append(h("p", { class: "os-error", id, role: "none" }, problem.detail));
            const control = place.querySelector("input:not([type=checkbox]), select, textarea") || place.querySelector("input, button");
            if (control) {
                control.setAttribute("aria-invalid", "true");
                control.setAttribute("aria-describedby", id);
                linkProblem(problem, control);
            }
            for (let folded = place.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
        }
    }

    function linkProblem(problem, control) {
        const item = [...document.querySelectorAll("[data-problem]")].find((each) => each.dataset.problem === problem.pointer && each.textContent.includes(problem.detail));
        if (!item) return;
        const label = control.labels && control.labels[0] ? control.labels[0].textContent : control.getAttribute("aria-label");
        const link = h("a", { href: "#", style: "text-decoration:underline", onclick: (event) => { event.preventDefault(); control.focus(); } }, label ? `${label}: ${problem.detail}` : problem.detail);
        item.replaceChildren(link);
    }

    // Tabs

    const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
    function canBeDrawn(value) {
        return isObject(value) && isObject(value.trigger) && isObject(value.trigger.params) && (value.reentry === undefined || isObject(value.reentry)) && (value.steps === undefined || stepsCanBeDrawn(value.steps));
    }
    function stepsCanBeDrawn(steps) {
        return Array.isArray(steps) && steps.every((step) => isObject(step) && typeof step.key === "string" && (step.params === undefined || isObject(step.params))
            && (step.kind !== "filter_customers" || !step.params || step.params.rule === undefined || groupCanBeDrawn(step.params.rule))
            && (step.branches === undefined || (isObject(step.branches) && Object.values(step.branches).every(stepsCanBeDrawn))));
    }
    function groupCanBeDrawn(group) {
        return isObject(group) && Array.isArray(group.rules) && group.rules.every((part) => isObject(part) && ("field" in part || groupCanBeDrawn(part)));
    }

    function openForm() {
        let read;
        try {
            read = JSON.parse(json.value);
        } catch (error) {
            return openJson(`${words.bad_json} ${error.message}`);
        }
        if (!canBeDrawn(read)) return openJson(words.as_json);
        definition = read;
        definition.steps = definition.steps || [];
        panels.form.replaceChildren(drawForm());
        showProblems();
        select("form");
        return true;
    }

    function openJson(error) {
        jsonError.textContent = error || "";
        if (error) json.setAttribute("aria-invalid", "true"); else json.removeAttribute("aria-invalid");
        select("json");
        return false;
    }

    function select(name) {
        for (const key of ["form", "json"]) {
            panels[key].hidden = key !== name;
            tabs[key].setAttribute("aria-selected", String(key === name));
            tabs[key].tabIndex = key === name ? 0 : -1;
        }
        if (name === "form") { jsonError.textContent = ""; json.removeAttribute("aria-invalid"); }
    }

    tabs.form.addEventListener("click", openForm);
    tabs.json.addEventListener("click", () => openJson());
    tabs.form.parentElement.addEventListener("keydown", (event) => {
        if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
        event.preventDefault();
        if (tabs.form.getAttribute("aria-selected") === "true") openJson(); else openForm();
        document.querySelector(".ed-tabs [aria-selected=true]").focus();
    });
    tabs.form.parentElement.hidden = false;
    json.addEventListener("input", noteUnsaved);

    form.addEventListener("submit", () => { sent = true; });
    window.addEventListener("beforeunload", (event) => { if (mayEdit && !sent && isDirty()) event.preventDefault(); });
    document.addEventListener("click", (event) => {
        const needsSaved = event.target.closest("[data-needs-saved]");
        if (!needsSaved || !isDirty()) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        const note = document.getElementById("unsaved");
        note.textContent = words.unsaved;
        form.querySelector("[type=submit].os-primary").focus();
    }, true);

    openForm();
    const summary = document.getElementById("problems");
    if (summary) summary.focus();
    else if (data.isNew) { const first = panels.form.querySelector("[autofocus]"); if (first) first.focus(); }
});
