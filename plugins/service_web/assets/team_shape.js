// team_shape - teams are told apart by shape as well as by colour: red is round, with a triangle,
// blue is square. Words have the same signs in front, see style.css.

const TURN = Math.PI * 2;

/** The outline of an avatar. */
export function bodyPath(context, team, x, y, radius) {
    context.beginPath();
    if (team === 2) context.rect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8);
    else context.arc(x, y, Math.max(0, radius), 0, TURN);
}

/** The team's sign: a triangle or a square; nothing for who has no team. */
export function signPath(context, team, x, y, radius) {
    context.beginPath();
    if (team === 1) {
        for (const [dx, dy] of [[0, -1], [0.9, 0.65], [-0.9, 0.65]]) {
            context.lineTo(x + dx * radius, y + dy * radius);
        }
        context.closePath();
    }
    if (team === 2) {
        context.rect(x - radius * 0.7, y - radius * 0.7, radius * 1.4, radius * 1.4);
    }
}

/** In front of a text on the canvas. */
export const TEAM_SIGNS = ["", "▲ ", "■ "];
