/* A rule as a tree: parts (groups and conditions) at JSON pointers from its root, such as "/rules/0/rules/1".

   A part of a metric's own group of conditions stands at "/rules/0/where/rules/1": `where` is a root of its own, and
   parts are moved within their root. What changes the tree answers where the part stands then. */

import { isObject } from "./dom.js";

export const emptyGroup = (combinator = "and") => ({ combinator, rules: [] });

export const isCondition = (part) => "field" in part;

export function canBeDrawn(group) {
    return isObject(group) && Array.isArray(group.rules) && group.rules.every((part) => isObject(part)
        && (isCondition(part) ? Object.values(part).every((value) => !isGroup(value) || canBeDrawn(value)) : canBeDrawn(part)));
}

export const isGroup = (value) => isObject(value) && ("combinator" in value || "rules" in value);

export const partAt = (rule, at) => at.split("/").slice(1).reduce((holder, key) => holder?.[key], rule);

// The group around a part, and its place there.
export function standing(at) {
    const [, groupAt, place] = at.match(/^(.*)\/rules\/(\d+)$/);
    return { groupAt, place: Number(place) };
}

const isRoot = (groupAt) => rootOf(groupAt) === groupAt;

export const rootOf = (at) => at.replace(/(\/rules\/\d+)*$/, "");

function* walk(group, at = "") {
    for (const [place, part] of group.rules.entries()) {
        const here = `${at}/rules/${place}`;
        yield [part, here];
        if (!isCondition(part)) yield* walk(part, here);
        else for (const [key, value] of Object.entries(part)) if (isGroup(value)) yield* walk(value, `${here}/${key}`);
    }
}

function whereIs(rule, wanted) {
    for (const [part, at] of walk(rule)) if (part === wanted) return at;
    return null;
}

export function add(rule, groupAt, part, place = Infinity) {
    partAt(rule, groupAt).rules.splice(place, 0, part);
    return whereIs(rule, part);
}

// A group that is emptied goes too, unless it is the root. Answers the pointer of what was left empty or shortened.
export function remove(rule, at) {
    const { groupAt, place } = standing(at);
    const group = partAt(rule, groupAt);
    group.rules.splice(place, 1);
    return group.rules.length || isRoot(groupAt) ? groupAt : remove(rule, groupAt);
}

export function copy(rule, at) {
    const { groupAt, place } = standing(at);
    return add(rule, groupAt, structuredClone(partAt(rule, at)), place + 1);
}

// Answers null where it cannot go: into itself, or to where it stands.
export function move(rule, at, groupAt, place) {
    const from = standing(at);
    if (`${groupAt}/`.startsWith(`${at}/`)) return null;
    const [part, source, target] = [partAt(rule, at), partAt(rule, from.groupAt), partAt(rule, groupAt)];
    const to = source === target && from.place < place ? place - 1 : place;
    if (source === target && to === from.place) return null;
    source.rules.splice(from.place, 1);
    target.rules.splice(to, 0, part);
    if (!source.rules.length && !isRoot(from.groupAt)) remove(rule, whereIs(rule, source));
    return whereIs(rule, part);
}

// Where a part would go by an arrow key: among its neighbours, into the group beside it, or out of its own.
export function destination(rule, at, way) {
    const { groupAt, place } = standing(at);
    const { rules } = partAt(rule, groupAt);
    const isInner = (there) => rules[there] && !isCondition(rules[there]);
    if (way === "up") return place > 0 ? [groupAt, place - 1] : null;
    if (way === "down") return place < rules.length - 1 ? [groupAt, place + 2] : null;
    if (way === "out") return isRoot(groupAt) ? null : [standing(groupAt).groupAt, standing(groupAt).place + 1];
    if (isInner(place - 1)) return [`${groupAt}/rules/${place - 1}`, rules[place - 1].rules.length];
    return isInner(place + 1) ? [`${groupAt}/rules/${place + 1}`, 0] : null;
}

// Neighbours, by their places, become a group where the first of them stands. Within “and” they are asked for by “or”.
export function group(rule, groupAt, places) {
    const around = partAt(rule, groupAt);
    const inner = { combinator: around.combinator === "and" ? "or" : "and", rules: places.map((place) => around.rules[place]) };
    around.rules = around.rules.flatMap((part, place) => (place === places[0] ? [inner] : places.includes(place) ? [] : [part]));
    return whereIs(rule, inner);
}

// The parts of a group take its place.
export function dissolve(rule, at) {
    const { groupAt, place } = standing(at);
    const [first] = partAt(rule, groupAt).rules.splice(place, 1, ...partAt(rule, at).rules)[0].rules;
    return whereIs(rule, first);
}

// A group is denied as a whole; a condition by the operator that says the opposite, or by a group around it.
export function negate(rule, at, opposites) {
    const part = partAt(rule, at);
    if (!isCondition(part)) {
        if (part.not) delete part.not; else part.not = true;
        return at;
    }
    if (opposites[part.operator]) {
        part.operator = opposites[part.operator];
        return at;
    }
    const { groupAt, place } = standing(at);
    const around = partAt(rule, groupAt);
    if (around.not && around.rules.length === 1) {
        delete around.not;
        return at;
    }
    around.rules[place] = { combinator: "and", not: true, rules: [part] };
    return whereIs(rule, part);
}
