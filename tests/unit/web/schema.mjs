// schema - settings and rules as a server offers them, and what a person does with their fields.

export const entry = (key, type, fallback, fields = {}) => ({ key, type, default: fallback, ...fields });
export const SCHEMA = [
    entry("mirrorPart", "int", 50, { group: "Mirror" }), entry("rules", "list", []),
    entry("hostId", "string", ""), entry("locked", "bool", false), entry("botFill", "int", 0, { group: "Bots" }),
    entry("killLimit", "int", 50, { when: "always" }), entry("odd", "int", 1), entry("isPrivate", "bool", false),
    entry("password", "string", "", { secret: true }), entry("maxPlayers", "int", 8),
    entry("mapName", "enum", "field", { values: ["field", "hall"] }),
];
export const RULES = [
    { id: "mirror", name: "Mirror", description: "It comes back.", settings: ["mirrorPart", "unknown"] },
    { id: "plain", settings: [] },
];

/** What a person does: the value is typed or chosen, and the field left. */
export function change(root, name, value) {
    const input = controlOf(root, name);
    if (typeof value === "boolean") input.checked = value;
    else input.value = value;
    input.onchange();
}
export function controlOf(root, name) {
    const all = (of) => of.children.flatMap((child) => [child, ...all(child)]);
    return all(root).find((one) => one.name === name);
}
export const faultsIn = (root) => root.querySelectorAll("small.fault").map(({ textContent }) => textContent).filter(Boolean);
export const namesIn = (root) => {
    const all = (of) => of.children.flatMap((child) => [child, ...all(child)]);
    return all(root).map(({ name }) => name).filter(Boolean);
};
