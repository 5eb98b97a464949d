/* A button with a few things to do behind it: the menu button of the ARIA practices. */

import { h, icon, iconButton, newId } from "./dom.js";
import { Popup } from "./popup.js";

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

// `items`: [{ label, symbol, act }, …].
export function menuButton(label, symbol, items, attributes) {
    const id = newId();
    const buttons = items.map((item) => h("button", { type: "button", role: "menuitem", tabindex: "-1", class: "menu-item", onclick: () => { close(); item.act(); } }, icon(item.symbol), item.label));
    const box = h("div", { id, role: "menu", popover: "manual", class: "popup menu", "aria-label": label, onkeydown: onKey, onfocusout: onLeave }, buttons);
    const opener = iconButton(label, symbol, { "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": id, onclick: toggle, onkeydown: onOpenerKey, ...attributes });
    const popup = new Popup(box, opener);

    function open(place = 0) {
        popup.open();
        buttons.at(place).focus({ preventScroll: true });
    }

    function close() {
        popup.close();
        opener.focus({ preventScroll: true });
    }

    function toggle() {
        if (popup.isOpen) close(); else open();
    }

    function onOpenerKey(event) {
        if (!(event.key in STEPS)) return;
        event.preventDefault();
        open(event.key === "ArrowUp" ? -1 : 0);
    }

    function onKey(event) {
        const at = buttons.indexOf(document.activeElement);
        const to = { Home: 0, End: -1 }[event.key] ?? (event.key in STEPS ? (at + STEPS[event.key]) % buttons.length : null);
        if (event.key === "Escape") close();
        else if (event.key === "Tab") { popup.close(); return; }
        else if (to !== null) buttons.at(to).focus();
        else return;
        event.preventDefault();
        event.stopPropagation();
    }

    function onLeave(event) {
        if (event.relatedTarget && !box.contains(event.relatedTarget)) popup.close();
    }

    return h("span", { class: "menu-holder" }, opener, box);
}
