/* Statuses are put in order by hand: dragged by their handle, or moved by Alt and an arrow key on it.

Always two neighbours change places, and what is moved is the other one: so neither the focus nor a drag is lost. */
"use strict";
(() => {
    const rowOf = (handle) => handle.closest("tbody");
    const handleOf = (row) => row && row.querySelector(".os-handle");
    const sameType = (row, other) => other && handleOf(other) && handleOf(other).dataset.type === handleOf(row).dataset.type;
    const above = (row) => sameType(row, row.previousElementSibling) ? row.previousElementSibling : null;
    const below = (row) => sameType(row, row.nextElementSibling) ? row.nextElementSibling : null;
    let waiting = Promise.resolve(); // one after the other, as they were asked for

    function swap(row, other) {
        if (other === below(row)) row.before(other); else row.after(other);
        [row.className, other.className] = [other.className, row.className]; // the stripes stay where they are
    }

    function tell(handle, asked, isThere = true) {
        waiting = waiting.then(async () => {
            const answer = await fetch(handle.dataset.place, {
                method: "POST",
                headers: { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value },
                body: new URLSearchParams(asked),
            }).catch(() => null);
            if (!answer || !answer.ok || answer.redirected) { window.location.reload(); return; }
            const told = await answer.json();
            document.getElementById("os-moved").textContent = told.said;
            if (told.moved && !isThere) window.location.reload(); // it went to another page of the list
        });
    }

    document.addEventListener("keydown", (event) => {
        const handle = event.target.closest && event.target.closest(".os-handle");
        if (!handle || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
        event.preventDefault();
        const row = rowOf(handle);
        const isUp = event.key === "ArrowUp";
        const other = isUp ? above(row) : below(row);
        if (other) swap(row, other);
        row.scrollIntoView({ block: "nearest" });
        tell(handle, { by: isUp ? -1 : 1 }, Boolean(other));
    });

    document.addEventListener("pointerdown", (event) => {
        const handle = event.target.closest(".os-handle");
        if (!handle || event.button !== 0) return;
        const row = rowOf(handle);
        let steps = 0; // down, or up below zero
        const middle = (other) => { const box = other.getBoundingClientRect(); return box.top + box.height / 2; };

        let y = event.clientY;
        const follow = () => {
            while (below(row) && y > middle(below(row))) { swap(row, below(row)); steps += 1; }
            while (above(row) && y < middle(above(row))) { swap(row, above(row)); steps -= 1; }
        };
        const move = (at) => { y = at.clientY; follow(); };
        // At the edge of the screen the list goes on under the pointer.
        const scrolling = setInterval(() => { row.scrollIntoView({ block: "nearest" }); follow(); }, 100);
        const end = () => {
            clearInterval(scrolling);
            row.firstElementChild.classList.remove("os-dragged");
            handle.removeEventListener("pointermove", move);
            handle.removeEventListener("pointerup", drop);
            handle.removeEventListener("pointercancel", cancel);
            document.removeEventListener("keydown", escape, true);
        };
        const drop = () => {
            end();
            if (!steps) return;
            const before = above(row);
            tell(handle, before ? { after: handleOf(before).dataset.pk } : { before: handleOf(below(row)).dataset.pk });
        };
        const cancel = () => {
            end();
            for (; steps > 0; steps -= 1) swap(row, above(row));
            for (; steps < 0; steps += 1) swap(row, below(row));
        };
        const escape = (key) => { if (key.key === "Escape") cancel(); };

        handle.setPointerCapture(event.pointerId);
        row.firstElementChild.classList.add("os-dragged");
        handle.addEventListener("pointermove", move);
        handle.addEventListener("pointerup", drop);
        handle.addEventListener("pointercancel", cancel);
        document.addEventListener("keydown", escape, true);
    });

    // What is told of a code while it is typed is tied to its field.
    document.addEventListener("htmx:afterSwap", (event) => {
        if (event.detail.target.id !== "id_code_told") return;
        const field = document.getElementById("id_code");
        const isWrong = Boolean(event.detail.target.querySelector(".os-error"));
        field.toggleAttribute("aria-invalid", false);
        if (isWrong) field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", isWrong ? "id_code_error id_code_helptext" : "id_code_helptext");
    });
})();
