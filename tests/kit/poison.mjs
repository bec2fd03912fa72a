// poison - servers with tests/contract/crash, whose mode does what its players tell it to.

import { PLUGINS } from "./harness.mjs";
import { connectPlayer } from "./players.mjs";

export const POISON = {
    config: {
        plugins: [...PLUGINS, "crash"],
        lobby: { playersMin: 1, countdownMs: 100, recoverMs: 10000 },
    },
    args: ["--supervise"],
    env: {
        // The server's handler, not the sanitizer's.
        ASAN_OPTIONS: [process.env.ASAN_OPTIONS, "handle_segv=0", "detect_leaks=0"].filter(Boolean).join(":"),
        NO_TWINS: "1", // which would load what dies of it
    },
};

/** What the mode does when it reads one of these. */
export const [POINT, DIE, BE_KILLED, DIE_IN_LOAD, FORGET] =
    ["point", "die", "kill", "load", "forget"].map((word) => new TextEncoder().encode(word));

/** Somebody in a lobby of mode crash whose match runs. */
export async function sitInPoison(t, server) {
    const { client } = await connectPlayer(t, server);
    const started = client.once("match.started", { timeoutMs: 20000 });
    const { lobby } = await client.createLobby({ gameMode: "crash" });
    await started;
    return { client, lobbyId: lobby.lobbyId };
}
