// Draws the charts of a report in the colours of its statuses, on light and on dark, and hides the days while a named
// period is chosen. All that is drawn stands in the tables too.
"use strict";

const DAY = 86400;

function colourOf(name) {
    const probe = document.createElement("span");
    probe.className = name ? `os-colour-${name}` : "";
    document.body.append(probe);
    const style = getComputedStyle(probe);
    const found = !name ? style.getPropertyValue("--os-accent")
        : name === "none" ? style.getPropertyValue("--os-quiet") : style.getPropertyValue("--os-of-status");
    probe.remove();
    return asRgb(found.trim());
}

// Chart.js does not read oklch: the browser is asked what it is.
function asRgb(colour) {
    const brush = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
    const [red, green, blue] = brush.getImageData(0, 0, 1, 1).data;
    return {red, green, blue, at: alpha => `rgba(${red}, ${green}, ${blue}, ${alpha})`};
}

// As the page speaks, whatever the browser does.
function number(value, digits = 0) {
    return value.toLocaleString(document.documentElement.lang || undefined, {maximumFractionDigits: digits});
}

// What a time is told in, the largest first.
const UNITS = [["days", DAY], ["hours", 3600], ["minutes", 60], ["seconds", 1]];

function inWords(seconds, units) {
    const [name, size] = UNITS.find(([, size]) => seconds >= size) || UNITS.at(-1);
    return units[name].replace("%s", number(seconds / size, 1));
}

// So that the axis has whole days, hours or minutes.
function stepOf(longest) {
    const [, size] = UNITS.find(([, size]) => longest >= 2 * size) || UNITS.at(-1);
    const wanted = longest / size / 5;
    const round = 10 ** Math.floor(Math.log10(Math.max(wanted, 1)));
    return size * round * [1, 2, 5, 10].find(times => times * round >= wanted);
}

// Two lines of one colour are told apart by their dashes.
function dataset(series, chart, place, before) {
    const colour = colourOf(series.colour);
    const again = before.filter(other => other.colour === series.colour).length;
    const shared = {label: series.label, data: series.values, borderColor: colour.at(1), hoverBorderColor: colour.at(1)};
    if (chart.shape === "bars") {
        const fill = colour.at(series.is_before ? .3 : .85);
        return {...shared, backgroundColor: fill, hoverBackgroundColor: fill, borderWidth: 0, borderRadius: 4, maxBarThickness: 28};
    }
    return {
        ...shared,
        backgroundColor: colour.at(chart.shape === "areas" ? .35 : 0), hoverBackgroundColor: colour.at(.35),
        fill: chart.shape === "areas" ? (place ? "-1" : "origin") : false,
        borderDash: again || series.colour === "none" ? [6, 2 + 3 * again] : [], borderWidth: 2,
        // The end that is not over yet: between it and what is, there is nothing to read.
        segment: {borderDash: part => chart.goes_on && part.p1DataIndex === series.values.length - 1 ? [3, 4] : undefined},
        pointRadius: series.values.length > 1 ? 0 : 4, pointHoverRadius: 4, pointHitRadius: 12, pointBackgroundColor: colour.at(1),
    };
}

// Words of a bar, on lines of their own where there is no room for them on one.
function lines(label, most) {
    return label.split(" ").reduce((told, word) => {
        const last = told.at(-1);
        if (last !== undefined && `${last} ${word}`.length <= most) told[told.length - 1] = `${last} ${word}`;
        else told.push(word);
        return told;
    }, []);
}

function options(chart) {
    const style = getComputedStyle(document.documentElement);
    const text = asRgb(style.getPropertyValue("--os-quiet").trim()).at(1);
    const line = asRgb(style.getPropertyValue("--os-line").trim()).at(1);
    const isBars = chart.shape === "bars";
    const isTime = chart.kind === "duration";
    const told = value => isTime ? inWords(value, chart.units) : number(value);
    const stepSize = isTime ? stepOf(Math.max(1, ...chart.series.flatMap(series => series.values))) : undefined;
    const numbers = {beginAtZero: true, stacked: chart.shape === "areas", grid: {color: line}, border: {display: false}, ticks: {color: text, precision: 0, stepSize, callback: told, maxTicksLimit: isTime ? 8 : 6}};
    const names = {stacked: false, grid: {display: false}, border: {color: line}, ticks: {color: text, maxRotation: 0, autoSkipPadding: 16}};
    return {
        animation: false, responsive: true, maintainAspectRatio: false, indexAxis: isBars ? "y" : "x",
        interaction: {mode: "index", axis: isBars ? "y" : "x", intersect: false},
        scales: isBars ? {x: numbers, y: names} : {x: names, y: numbers},
        plugins: {
            legend: {display: chart.series.length > 1, position: "bottom", labels: {color: text, boxWidth: 12, boxHeight: 12, usePointStyle: false}},
            tooltip: {callbacks: {label: item => `${item.dataset.label}: ${told(item.raw)}`}},
        },
    };
}

function draw(charts, drawn) {
    drawn.splice(0).forEach(chart => chart.destroy());
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    for (const chart of charts) {
        const canvas = document.getElementById(`chart-${chart.key}`);
        const datasets = chart.series.map((series, place) => dataset(series, chart, place, chart.series.slice(0, place)));
        const isBars = chart.shape === "bars";
        if (isBars) canvas.parentElement.style.height = `${6 + 3.5 * chart.labels.length}rem`;
        const labels = isBars ? chart.labels.map(label => lines(label, canvas.parentElement.clientWidth < 500 ? 16 : 32)) : chart.labels;
        drawn.push(new Chart(canvas, {type: isBars ? "bar" : "line", data: {labels, datasets}, options: options(chart)}));
    }
}

function showDays() {
    const isNamed = document.getElementById("report-period").value !== "";
    for (const day of document.querySelectorAll(".rp-day")) {
        day.hidden = isNamed;
        day.querySelector("input").disabled = isNamed;
    }
}

document.addEventListener("DOMContentLoaded", () => {
    showDays();
    document.getElementById("report-period").addEventListener("change", showDays);
    const told = document.getElementById("report-charts");
    if (!told) return;
    const charts = JSON.parse(told.textContent), drawn = [];
    draw(charts, drawn);
    new MutationObserver(() => draw(charts, drawn)).observe(document.documentElement, {attributeFilter: ["class"]});
});
