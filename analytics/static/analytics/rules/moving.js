/* Parts of a rule moved by hand: dragged by their handle, or by arrow keys on it. */

import { h } from "./dom.js";
import { rootOf } from "./tree.js";

const WAYS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "out", ArrowRight: "in" };
const BEGINS_PX = 4;
const EDGE_PX = 60;

// `at`: where the part stands. `fits(groupAt)`: whether it may stand in a group. `go(way)` moves it by one, `drop(groupAt, place)` to a place.
export function makeMovable(handle, { at, fits, go, drop }) {
    handle.addEventListener("keydown", (event) => {
        const way = WAYS[event.key];
        if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        go(way);
    });
    handle.addEventListener("pointerdown", (event) => { if (event.button === 0 && !handle.disabled) new Drag(handle, at, event, fits, drop); });
}

class Drag {
    constructor(handle, at, event, fits, drop) {
        Object.assign(this, { handle, at, fits, drop, y: event.clientY, x: event.clientX, begin: event.clientY });
        this.part = handle.closest(".rule-part");
        this.root = handle.closest(".rule-tree");
        this.mark = h("div", { class: "rule-drop" });
        this.on = { pointermove: (move) => this.onMove(move), pointerup: () => this.onUp(), pointercancel: () => this.end(), keydown: (key) => { if (key.key === "Escape") this.end(); } };
        handle.setPointerCapture(event.pointerId);
        for (const [name, act] of Object.entries(this.on)) (name === "keydown" ? document : handle).addEventListener(name, act, true);
    }

    onMove({ clientX, clientY }) {
        [this.x, this.y] = [clientX, clientY];
        if (!this.isMoving && Math.abs(clientY - this.begin) < BEGINS_PX) return;
        if (!this.isMoving) this.lift();
        this.follow();
    }

    lift() {
        this.isMoving = true;
        this.part.classList.add("rule-lifted");
        // At the edge of the screen the page goes on under the pointer.
        this.scrolling = setInterval(() => {
            const by = this.y < EDGE_PX ? -14 : this.y > innerHeight - EDGE_PX ? 14 : 0;
            if (by) { scrollBy(0, by); this.follow(); }
        }, 16);
    }

    // The innermost list under the pointer that the part may go into, and between which of its parts.
    follow() {
        const under = document.elementsFromPoint(this.x, this.y).find((element) => this.root.contains(element));
        const list = [under?.closest(".rule-list"), this.root.querySelector(".rule-list")].find((each) => each && this.mayGo(each));
        if (!list) return;
        const parts = [...list.children].filter((each) => each.matches(".rule-part"));
        const before = parts.find((each) => { const box = each.getBoundingClientRect(); return this.y < box.top + box.height / 2; });
        this.place = [list.dataset.list, before ? parts.indexOf(before) : parts.length];
        if (before) before.before(this.mark); else list.append(this.mark);
    }

    mayGo(list) {
        return !this.part.contains(list) && rootOf(list.dataset.list) === rootOf(this.at) && this.fits(list.dataset.list);
    }

    onUp() {
        const { place, isMoving } = this;
        this.end();
        if (isMoving && place) this.drop(...place);
    }

    end() {
        clearInterval(this.scrolling);
        this.mark.remove();
        this.part.classList.remove("rule-lifted");
        for (const [name, act] of Object.entries(this.on)) (name === "keydown" ? document : this.handle).removeEventListener(name, act, true);
    }
}
