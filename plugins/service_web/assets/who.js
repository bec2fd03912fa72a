// who - what the own seat in the lobby at hand allows. The server decides; this is what is offered.

const SEAT_NONE = 255;

/** playerId of the lobby's host, "" for none. */
export function hostId(client) {
    return client.entry?.lobby.settings.hostId ?? "";
}

/** The host, or an administrator. */
export function isInCharge(client) {
    const { playerId, permissions } = client.session ?? {};
    if (!client.entry || !playerId) return false;
    return hostId(client) === playerId || (permissions ?? []).includes("admin");
}

export function isPlayer(client) {
    return client.entry !== null && client.entry.seat !== SEAT_NONE;
}

export function isBeforeMatch(client) {
    return ["waiting", "starting"].includes(client.entry?.lobby.state);
}

export function isOwn(client, member) {
    return member.playerId === client.session?.playerId;
}
