/* A line to find one of many by typing: the combobox with a list of the ARIA practices (1.2).

   The focus stays in the line; which option is meant is told by aria-activedescendant. */

import { announce, h, newId } from "./dom.js";
import { Popup } from "./popup.js";

const PAGE = 8;

/* `options()`: [{ key, label, group, also }, …], those of one group side by side; `also`: [[key, words], …], by which it
   is found too. `choose(key, alsoKey)` is told what was chosen. `shown` stands in the line while nothing is typed. */
export function combobox({ options, choose, shown = "", words, ...attributes }) {
    const id = newId();
    const list = h("div", { id: `${id}-list`, role: "listbox", popover: "manual", class: "popup found", "aria-label": attributes["aria-label"], onmousedown: (event) => event.preventDefault() });
    const input = h("input", {
        id, class: "os-input", role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", value: shown,
        oninput: () => show(input.value), onclick: () => { if (!popup.isOpen) show(""); }, onkeydown: onKey, onfocus: () => input.select(), onblur: leave, ...attributes,
    });
    const popup = new Popup(list, input);
    let found = [];
    let at = -1;

    function show(typed) {
        found = find(options(), typed);
        list.replaceChildren(...(found.length ? drawGroups() : [h("div", { class: "found-none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, words.nothing_found)]));
        popup.open();
        popup.place();
        point(typed ? found.indexOf(best(found)) : found.findIndex(({ option }) => option.label === shown));
        if (typed) announce(found.length ? words.found.replace("%s", found.length) : words.nothing_found);
    }

    function drawGroups() {
        const groups = new Map();
        for (const each of found) groups.set(each.option.group, [...(groups.get(each.option.group) || []), each]);
        return [...groups].map(([name, inside], number) => {
            const head = `${id}-group-${number}`;
            const rows = inside.map((each) => drawOption(each));
            return name ? h("div", { role: "group", "aria-labelledby": head }, h("div", { class: "found-group", id: head, role: "presentation" }, name), rows) : h("div", {}, rows);
        });
    }

    function drawOption({ option, also }) {
        const place = found.findIndex((each) => each.option === option);
        return h("div", { role: "option", class: "found-option", id: `${id}-${place}`, "aria-selected": "false", onclick: () => take(place), onpointermove: () => { if (at !== place) point(place, { quietly: true }); } },
            h("span", {}, option.label), also ? h("span", { class: "found-also" }, also[1]) : null);
    }

    function point(place, { quietly = false } = {}) {
        at = place;
        for (const row of list.querySelectorAll("[role=option]")) row.setAttribute("aria-selected", String(row.id === `${id}-${at}`));
        const row = list.querySelector("[aria-selected=true]");
        if (row) input.setAttribute("aria-activedescendant", row.id); else input.removeAttribute("aria-activedescendant");
        if (!quietly) row?.scrollIntoView({ block: "nearest" });
    }

    function take(place) {
        const { option, also } = found[place];
        leave();
        choose(option.key, also?.[0]);
    }

    function leave() {
        popup.close();
        input.removeAttribute("aria-activedescendant");
        input.value = shown;
        at = -1;
    }

    function onKey(event) {
        if (event.key === "Enter" && !popup.isOpen) { event.preventDefault(); return; } // not the form
        const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE }[event.key];
        if (steps && !popup.isOpen) show("");
        else if (steps && !event.altKey) step(steps);
        else if (event.key === "Enter" && at >= 0) take(at);
        else if (event.key === "Escape" && popup.isOpen) { leave(); input.select(); }
        else if (event.key !== "Enter" && !(steps && event.altKey)) return;
        event.preventDefault();
        event.stopPropagation();
    }

    // By one it goes round; by a page it stays within.
    function step(steps) {
        const to = Math.abs(steps) === 1 ? (at + steps + found.length) % found.length : Math.max(0, Math.min(found.length - 1, at + steps));
        if (found.length) point(at < 0 && steps < 0 ? found.length - 1 : to);
    }

    return h("span", { class: "combobox" }, input, list);
}

const plain = (text) => String(text).toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

// Every word that was typed begins a word of its name, of its group's, or of what else it is found by.
function find(options, typed) {
    const wanted = plain(typed).split(/\s+/).filter(Boolean);
    const holds = (text) => wanted.every((word) => ` ${plain(text)}`.split(/[^\p{L}\p{N}]+/u).some((each) => each.startsWith(word)));
    return options.flatMap((option) => {
        if (holds(option.label)) return [{ option, rank: plain(option.label).startsWith(plain(typed).trim()) ? 0 : 1 }];
        if (holds(`${option.group} ${option.label}`)) return [{ option, rank: 2 }];
        const also = (option.also || []).find(([, words]) => holds(`${words} ${option.label}`));
        return also ? [{ option, also, rank: 3 }] : [];
    });
}

const best = (found) => found.reduce((one, other) => (other.rank < one.rank ? other : one), found[0]);
