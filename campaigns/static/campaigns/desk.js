/* The list of messages to settle: ticking all, and how many are chosen. Without it all still works. */
"use strict";
(() => {
    const desk = document.getElementById("desk");
    if (!desk) return;

    const ticks = [...desk.querySelectorAll("[data-tick]")];
    const all = desk.querySelector("[data-tick-all]"), beyond = desk.querySelector("[data-tick-beyond]");
    const told = document.getElementById("desk-chosen");

    function tell() {
        const ticked = ticks.filter((tick) => tick.checked).length;
        const chosen = beyond && beyond.checked ? Number(beyond.dataset.number) : ticked;
        all.checked = ticked === ticks.length;
        all.indeterminate = ticked > 0 && ticked < ticks.length;
        told.textContent = chosen ? told.dataset.some.replace("%d", chosen.toLocaleString(document.documentElement.lang)) : told.dataset.none;
        const isAskable = ticks.some((tick) => tick.checked && "askable" in tick.dataset) || (beyond && beyond.checked);
        for (const button of desk.querySelectorAll("[data-needs-ticks]")) button.disabled = !(button.dataset.needsTicks ? isAskable : chosen);
    }

    desk.addEventListener("change", (event) => {
        if (event.target === all) for (const tick of ticks) tick.checked = all.checked;
        if (event.target === beyond && beyond.checked) for (const tick of ticks) tick.checked = true;
        if (event.target !== beyond && beyond && ticks.some((tick) => !tick.checked)) beyond.checked = false;
        tell();
    });
    window.addEventListener("pageshow", tell);
    tell();
})();
