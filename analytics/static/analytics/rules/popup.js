/* What hangs below a control while it is needed. It lies above the page (the top layer), so no box around it cuts it off. */

const GAP_PX = 4;
const EDGE_PX = 8;

export class Popup {
    constructor(box, anchor) {
        this.box = box;
        this.anchor = anchor;
        this.follow = () => (box.isConnected ? this.place() : this.forget());
        this.leave = (event) => { if (!box.contains(event.target) && !anchor.contains(event.target)) this.close(); };
    }

    get isOpen() {
        return this.box.matches(":popover-open");
    }

    open() {
        if (this.isOpen) return;
        this.box.showPopover();
        this.anchor.setAttribute("aria-expanded", "true");
        this.place();
        addEventListener("scroll", this.follow, true);
        addEventListener("resize", this.follow);
        addEventListener("pointerdown", this.leave, true);
    }

    close() {
        if (!this.isOpen) return;
        this.box.hidePopover();
        this.anchor.setAttribute("aria-expanded", "false");
        this.forget();
    }

    forget() {
        removeEventListener("scroll", this.follow, true);
        removeEventListener("resize", this.follow);
        removeEventListener("pointerdown", this.leave, true);
    }

    // Below its control, or above it where there is more room.
    place() {
        const at = this.anchor.getBoundingClientRect();
        const [below, above] = [innerHeight - at.bottom, at.top];
        const isBelow = below >= above || below > this.box.scrollHeight + GAP_PX + EDGE_PX;
        const { style } = this.box;
        style.minWidth = `${Math.min(at.width, innerWidth - 2 * EDGE_PX)}px`;
        style.maxHeight = `${Math.min(384, (isBelow ? below : above) - GAP_PX - EDGE_PX)}px`;
        style.top = isBelow ? `${at.bottom + GAP_PX}px` : "auto";
        style.bottom = isBelow ? "auto" : `${innerHeight - at.top + GAP_PX}px`;
        style.left = `${Math.max(EDGE_PX, Math.min(at.left, innerWidth - this.box.offsetWidth - EDGE_PX))}px`;
    }
}
