/* The window over a page: htmx fills it, the browser's own <dialog> gives it focus, Escape and the way back. */
"use strict";
(() => {
    const win = () => document.getElementById("os-window");
    let isStale = false; // something was saved behind the window

    document.addEventListener("htmx:configRequest", (event) => {
        const token = document.querySelector("[name=csrfmiddlewaretoken]");
        if (token) event.detail.headers["X-CSRFToken"] = token.value;
    });

    // Opened as soon as it is filled: whoever closes it before it has settled does not want it back.
    document.addEventListener("htmx:afterSwap", (event) => {
        if (event.detail.target.id === "os-window-body" && !win().open) win().showModal();
    });

    document.addEventListener("htmx:afterSettle", (event) => {
        if (event.detail.target.id !== "os-window-body" || !win().open) return;
        const at = win().querySelector("[aria-invalid=true]") || win().querySelector("[autofocus]");
        if (at) at.focus();
    });

    // Browsers forget about autofocus when a page comes late.
    document.addEventListener("DOMContentLoaded", () => {
        const at = document.querySelector("#content [autofocus]");
        if (at && document.activeElement === document.body) at.focus();
    });

    // Where a part of a page was asked for and the login came: it is needed for the whole page.
    document.addEventListener("htmx:beforeSwap", (event) => {
        if (!new URL(event.detail.xhr.responseURL, window.location).pathname.endsWith("/login/")) return;
        event.preventDefault();
        window.location.reload();
    });

    document.addEventListener("os-saved", () => { isStale = true; });

    document.addEventListener("click", (event) => {
        const closer = event.target.closest("[data-close]");
        if (closer && win() && win().contains(closer)) { event.preventDefault(); win().close(); }
        if (win() && event.target === win()) {
            const box = win().getBoundingClientRect();
            const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
            if (!inside) win().close();
        }
        const copier = event.target.closest("[data-copy]");
        if (copier) {
            const from = document.getElementById(copier.dataset.copy);
            from.select();
            if (navigator.clipboard) navigator.clipboard.writeText(from.value); else document.execCommand("copy");
            copier.querySelector("[data-copied]").textContent = copier.dataset.done;
        }
    });

    document.addEventListener("close", (event) => {
        if (event.target.id === "os-window" && isStale) window.location.reload();
    }, true);

    // A code is suggested from the name until it is written by hand.
    document.addEventListener("input", (event) => {
        const field = event.target;
        if (field.dataset.suggests) {
            const code = document.getElementById(field.dataset.suggests);
            if (code && !code.dataset.touched) {
                const [others, between] = code.dataset.suggested === "ascii" ? [/[^a-z0-9]+/g, "-"] : [/[^\p{L}\p{N}]+/gu, "_"];
                const plain = field.value.trim().toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
                code.value = plain.replace(others, between).replace(/^[_-]+/, "").slice(0, code.maxLength > 0 ? code.maxLength : 64).replace(/[_-]+$/, "");
                if ((code.dataset.reserved || "").split(" ").includes(code.value)) code.value += "-2";
                code.dispatchEvent(new Event("os:suggested", { bubbles: true }));
            }
        } else if (field.matches("[data-suggested]")) {
            field.dataset.touched = field.value ? "1" : "";
            if (!field.value) delete field.dataset.touched;
        }
    });
})();
