// teams - the teams of a mode and how they are told apart: each has a colour, and style.css has a sign
// for each colour.

export const COLOURS = [
    "red", "blue", "green", "yellow", "purple", "orange", "cyan", "pink",
    "lime", "brown", "teal", "white", "gold", "silver", "lavender", "olive",
];
const USUAL_TEAMS = ["red", "blue"];

/** Names of a mode's teams, none where everybody plays for themselves. mode: undefined when unknown. */
export function teamsOf(mode) {
    return mode?.teams ?? USUAL_TEAMS;
}

/** Team -> colour, a class of style.css: the one it is named for, else the next that is free. */
export function teamColours(teams) {
    const free = COLOURS.filter((colour) => !teams.includes(colour));
    return new Map(teams.map((team) => [team, COLOURS.includes(team) ? team : free.shift()]));
}

/** "" for who has no team. */
export function colourOf(mode, team) {
    return teamColours(teamsOf(mode)).get(team) ?? "";
}
