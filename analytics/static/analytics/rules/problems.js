/* What the server finds wrong, shown at its place: the element with data-at={its pointer}. */

export function showProblems(root, problems, describe) {
    for (const note of root.querySelectorAll("[data-problem-note]")) note.remove();
    for (const control of root.querySelectorAll("[data-problem-control]")) {
        control.removeAttribute("aria-invalid");
        control.removeAttribute("data-problem-control");
        if (control.dataset.describedby) control.setAttribute("aria-describedby", control.dataset.describedby); else control.removeAttribute("aria-describedby");
    }
    for (const problem of problems) showProblem(root, problem, describe(problem));
}

function showProblem(root, problem, id) {
    const place = placeOf(root, problem.pointer);
    if (!place) return;
    const note = document.createElement("p");
    Object.assign(note, { className: "os-error", id, textContent: problem.detail });
    note.setAttribute("data-problem-note", "");
    place.append(note);
    const control = controlIn(place);
    if (control) {
        control.dataset.problemControl = "";
        control.dataset.describedby ??= control.getAttribute("aria-describedby") || "";
        control.setAttribute("aria-invalid", "true");
        control.setAttribute("aria-describedby", [control.dataset.describedby, id].filter(Boolean).join(" "));
    }
    for (let folded = place.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
}

// Where a problem is shown: at its place, or the nearest around it.
export function placeOf(root, pointer) {
    for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
        const place = root.querySelector(`[data-at="${CSS.escape(at)}"]`);
        if (place || !at) return place;
    }
}

export const controlIn = (place) => place.querySelector("input:not([type=checkbox]), select, textarea") || place.querySelector("input, button");
