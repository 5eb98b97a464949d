/* The API's page is as light or dark as the system is, and follows it. It says that it is in English, which Swagger UI's
   own page leaves out. */
"use strict";
(() => {
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
    dark.addEventListener("change", dress);
    dress();
    document.documentElement.lang = "en";
})();
