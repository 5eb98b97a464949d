/* A form drawn anew gives the focus back to where it was. */

const FOCUSABLE = "input:not([type=hidden]), select, textarea, button, summary";

// Draw what stands in `root` anew. The focus goes where it is told (a selector), else where it was.
export function redraw(root, draw, focus) {
    const kept = placeIn(root);
    const drawn = draw();
    const [held, fresh] = [document.activeElement, restore(drawn, kept)];
    const isHeld = held.matches("select") && fresh?.matches("select") && drawAround(held, fresh, root.firstElementChild, drawn);
    if (!isHeld) root.replaceChildren(drawn);
    const at = (typeof focus === "string" && root.querySelector(focus)) || restore(root, kept);
    if (at && at !== document.activeElement) at.focus({ preventScroll: typeof focus !== "string" });
}

// Where the focus is, in words that hold when all is drawn anew.
function placeIn(root) {
    const at = document.activeElement;
    if (!root.contains(at)) return null;
    if (at.dataset.key) return { selector: `[data-key="${CSS.escape(at.dataset.key)}"]`, place: 0 };
    const holder = at.closest("[data-at], [data-adds], [data-step]") || root;
    const name = ["at", "adds", "step"].find((each) => each in holder.dataset);
    const selector = name ? `[data-${name}="${CSS.escape(holder.dataset[name])}"]` : null;
    return { selector, place: [...holder.querySelectorAll(FOCUSABLE)].indexOf(at), isWithin: true };
}

function restore(root, kept) {
    if (!kept) return null;
    const holder = kept.selector ? root.querySelector(kept.selector) : root;
    if (!holder) return null;
    return kept.isWithin ? holder.querySelectorAll(FOCUSABLE)[kept.place] || null : holder;
}

// Draw all anew around a select that has the focus, as `drawn` has it with `fresh` in its place. A select that is drawn
// anew forgets the letters by which it is searched: of "one", the second would begin another search. Answers whether it could.
function drawAround(select, fresh, root, drawn) {
    const [ways, freshWays] = [wayTo(select, root), wayTo(fresh, drawn)];
    if (ways.length !== freshWays.length || ways.some((element, place) => element.tagName !== freshWays[place].tagName)) return false;
    ways.forEach((element, place) => {
        takeAttributes(element, freshWays[place]);
        if (element !== select) takeChildren(element, freshWays[place], ways[place + 1], freshWays[place + 1]);
    });
    const offered = ({ options }) => JSON.stringify([...options].map(({ value, text }) => [value, text]));
    const { value, onchange } = fresh;
    if (offered(select) !== offered(fresh)) select.replaceChildren(...fresh.children);
    Object.assign(select, { value, onchange });
    return true;
}

// From the root down to an element within it, both ends included.
function wayTo(element, root) {
    return element === root ? [root] : [...wayTo(element.parentElement, root), element];
}

function takeAttributes(element, fresh) {
    for (const name of element.getAttributeNames()) if (!fresh.hasAttribute(name)) element.removeAttribute(name);
    for (const name of fresh.getAttributeNames()) if (element.getAttribute(name) !== fresh.getAttribute(name)) element.setAttribute(name, fresh.getAttribute(name));
}

// All children but one, which stays where it is.
function takeChildren(element, fresh, kept, keptFresh) {
    const children = [...fresh.childNodes];
    const place = children.indexOf(keptFresh);
    for (const child of [...element.childNodes]) if (child !== kept) child.remove();
    kept.before(...children.slice(0, place));
    kept.after(...children.slice(place + 1));
}
