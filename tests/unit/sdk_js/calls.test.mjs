// What each method asks of the server, in the words of docs/protocol.md, and what it answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LobbyControl, MusterClient, MusterError } from "../../../sdk/js/index.js";
import { Requests } from "../../../sdk/js/requests.js";

/** How the call looks on the wire, and what is made of the answer. */
async function wire(Class, act, answer = {}) {
    const calls = [];
    const call = async (...of) => {
        calls.push(of);
        return answer;
    };
    const control = Class === LobbyControl ? new LobbyControl({ call }) : Object.assign(new Class({ url: "ws://home" }), { call });
    return { answered: await act(control), calls };
}

const LOBBY = [
    [(l) => l.ready(false), "ready", { ready: false }], [(l) => l.start(), "start"],
    [(l) => l.lock(true), "lock", { locked: true }],
    [(l) => l.updateSettings({ killLimit: 5 }), "updateSettings", { settings: { killLimit: 5 } }],
    [(l) => l.transferHost("b"), "transferHost", { playerId: "b" }],
    [(l) => l.kick("b", "rude"), "kick", { playerId: "b", reason: "rude" }], [(l) => l.kick("b"), "kick", { playerId: "b", reason: "" }],
    [(l) => l.ban("b"), "ban", { playerId: "b" }],
    [(l) => l.ban("b", { reason: "rude", seconds: 60 }), "ban", { playerId: "b", reason: "rude", seconds: 60 }],
    [(l) => l.unban("b"), "unban", { playerId: "b" }], [(l) => l.setPassword("x"), "setPassword", { password: "x" }],
    [(l) => l.invite(), "invite", {}], [(l) => l.invite({ playerId: "b", expiresInS: 9 }), "invite", { playerId: "b", expiresInS: 9 }],
    [(l) => l.revokeInvitation({ invitation: "i" }), "revokeInvitation", { invitation: "i" }], [(l) => l.access(), "access"],
    [(l) => l.renewCode(), "renewCode"], [(l) => l.setTeam("red"), "setTeam", { team: "red" }],
    [(l) => l.setTeam("red", "b"), "setTeam", { team: "red", playerId: "b" }], [(l) => l.shuffleTeams(), "shuffleTeams"],
    [(l) => l.swapTeams(), "swapTeams"], [(l) => l.voteMap(), "callVote", { vote: "map" }],
    [(l) => l.voteKick("b"), "callVote", { vote: "kick", playerId: "b" }],
    [(l) => l.castVote(7, "yes"), "castVote", { voteId: 7, option: "yes" }], [(l) => l.presets(), "presets"],
    [(l) => l.applyPreset("p"), "applyPreset", { name: "p" }], [(l) => l.savePreset("p"), "savePreset", { name: "p" }],
    [(l) => l.deletePreset("p"), "deletePreset", { name: "p" }], [(l) => l.removeRule("r"), "removeRule", { id: "r" }],
];

test("what members and the host do", async () => {
    for (const [act, method, params] of LOBBY) {
        const { calls } = await wire(LobbyControl, act);
        assert.deepEqual(calls, [[`lobby.${method}`, ...(params ? [params] : [])]]);
    }
    const answered = async (act, answer) => (await wire(LobbyControl, act, answer)).answered;
    assert.equal(await answered((l) => l.updateSettings({}), { lobby: 1 }), 1);
    assert.equal(await answered((l) => l.renewCode(), { joinCode: "ABCD" }), "ABCD");
    assert.deepEqual(await answered((l) => l.presets(), { presets: [1] }), [1]);
    assert.deepEqual(await answered((l) => l.access(), { bans: [] }), { bans: [] });
    assert.deepEqual(await answered((l) => l.invite(), { invitation: "i" }), { invitation: "i" });
});

test("what anybody asks", async () => {
    const all = [
        [(c) => c.serverInfo(), "server.info"], [(c) => c.mods(), "mods.list"],
        [(c) => c.listLobbies(), "lobby.list", {}], [(c) => c.listLobbies({ region: "eu" }), "lobby.list", { region: "eu" }],
        [(c) => c.getLobby("l"), "lobby.get", { lobbyId: "l" }], [(c) => c.chat("hi"), "lobby.chat", { text: "hi", channel: "all" }],
        [(c) => c.chat("hi", "team"), "lobby.chat", { text: "hi", channel: "team" }],
        [(c) => c.setTeam("red"), "lobby.setTeam", { team: "red" }],
        [(c) => c.voteRestart(false), "lobby.vote", { vote: "restart", choice: false }],
        [(c) => c.scoreboard(), "match.scoreboard"], [(c) => c.resync(), "match.resync"],
    ];
    for (const [act, method, params] of all) {
        const { calls } = await wire(Requests, act);
        assert.deepEqual(calls, [[method, ...(params ? [params] : [])]]);
    }
});

test("what is read is asked for again where the server takes it in a moment, what is done is not", async () => {
    const busy = new MusterError("rate_limited", "slow down", { rpcCode: -32003, data: { retryAfterMs: 1 } });
    const triesOf = async (act) => {
        let tries = 0;
        const client = Object.assign(new Requests(), { call: async () => {
            if (++tries < 3) throw busy;
            return {};
        } });
        await act(client).catch(() => {});
        return tries;
    };
    for (const read of ["serverInfo", "mods", "listLobbies", "getLobby", "scoreboard"])
        assert.equal(await triesOf((client) => client[read]()), 3, read);
    for (const done of ["chat", "setTeam", "voteRestart", "resync"])
        assert.equal(await triesOf((client) => client[done]()), 1, done);
});

test("seats: what is asked for is entered with the ticket that came", async () => {
    for (const [act, method, params] of [
        [(c) => c.createLobby({ gameMode: "arena" }), "lobby.create", { gameMode: "arena" }],
        [(c) => c.joinLobby("l"), "lobby.join", { lobbyId: "l" }],
        [(c) => c.joinLobby("l", { spectator: true, secret: "s" }), "lobby.join", { lobbyId: "l", spectator: true, secret: "s" }],
        [(c) => c.joinByCode("C", { secret: "s" }), "lobby.joinByCode", { code: "C", secret: "s" }],
    ]) {
        const { calls } = await wire(MusterClient, act, { seatTicket: "t", url: "" });
        assert.deepEqual(calls.map(([name, given]) => [name, given]), [[method, params], ["lobby.enter", { seatTicket: "t" }]]);
    }
});
