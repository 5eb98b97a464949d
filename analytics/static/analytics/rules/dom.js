/* Elements, and the parts that forms are made of. */

let ids = 0;
export const newId = () => `ed-${++ids}`;

export function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name in element && typeof value === "boolean") element[name] = value;
        else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== "" && child !== false));
    return element;
}

export const icon = (name) => h("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name);

export const iconButton = (label, symbol, attributes) => h("button", { type: "button", class: "os-icon", "aria-label": label, title: label, ...attributes }, icon(symbol));

// A control under its label, with its help. `at` is its place in the definition, by which problems find it.
export function labelled(label, control, at, help) {
    const id = control.id || (control.id = newId());
    const note = help ? h("p", { class: "os-help", id: newId() }, help) : null;
    if (note) control.setAttribute("aria-describedby", note.id);
    return h("div", { class: "os-field", "data-at": at }, h("label", { for: id }, label), control, note);
}

// Several controls under one label.
export function grouped(label, controls, at, help) {
    const id = newId();
    return h("div", { class: "os-field", "data-at": at, role: "group", "aria-labelledby": id },
        h("span", { class: "os-label", id }, label), h("div", { class: "ed-inline" }, controls), help ? h("p", { class: "os-help" }, help) : null);
}

// `options`: [[key, text], …]. A value that is none of them is shown as it is.
export function choose(options, value, set, attributes, nothing = "") {
    const known = options.some(([key]) => key === value);
    const all = known ? options : [[value ?? "", value ? String(value) : nothing], ...options];
    const select = h("select", { class: "os-input", ...attributes }, all.map(([key, text]) => h("option", { value: key, selected: key === (value ?? "") }, text)));
    select.onchange = (event) => set(event.target.value); // a property, for `drawAround` to hand on
    return select;
}

export const typed = (value, set, attributes) => h("input", { class: "os-input", value: value ?? "", autocomplete: "off", oninput: (event) => set(event.target.value), ...attributes });

// A line with what may be meant under it: `options` [[key, text], …]. With `many`, several stand in it between commas.
export function suggesting(control, options, { many = false } = {}) {
    if (!options.length) return [control];
    const list = h("datalist", { id: newId() });
    const fill = () => {
        const before = many ? control.value.slice(0, control.value.lastIndexOf(",") + 1) : "";
        list.replaceChildren(...options.map(([key, text]) => h("option", { value: before ? `${before} ${key}` : key }, text)));
    };
    fill();
    if (many) control.addEventListener("input", fill);
    control.setAttribute("list", list.id);
    return [control, list];
}

export const namesInUse = (context, what) => ((context.names && context.names[what]) || []).map((name) => [name, ""]);

// What was typed as a whole number, else as it is: the server says what is wrong with it.
export const whole = (text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : text);

export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

export const sameCode = (a, b) => String(a).toLowerCase() === String(b).toLowerCase();

// Told to whoever listens to the page, as nothing that has the focus says it.
let teller = null;
export function announce(text) {
    if (!teller?.isConnected) document.body.append(teller = h("div", { class: "os-sr", role: "status" }));
    teller.textContent = text;
}
