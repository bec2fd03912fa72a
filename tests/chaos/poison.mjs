// poison - two guests in a lobby whose mode takes the server down: tests/contract/crash, which dereferences
// null when a player says so. It may cost their lobby, and nobody else anything.

import { Player } from "./player.mjs";
import { Signal } from "./signal.mjs";

const DIE = new TextEncoder().encode("die");

export class Poison {
    players;
    #signal = new Signal();

    constructor(server) {
        this.players = ["a", "b"].map((name) => new Player(server, `Poison ${name}`, this.#signal));
    }

    async signIn() {
        for (const player of this.players) await player.signIn();
    }

    signOut() {
        for (const player of this.players) player.signOut();
    }

    get matchIds() {
        return this.players.flatMap(({ ledger }) => ledger.entries).map(({ matchId }) => matchId);
    }

    /** In the lobby of before, where there is one: the second time closes it. mayDie(): is it the moment? */
    async strike(mayDie) {
        const [host, guest] = this.players;
        const { lobby } = await host.sit((client) => client.call("lobby.create", { gameMode: "crash" }));
        await guest.sit((client) => client.call("lobby.join", { lobbyId: lobby.lobbyId }));
        await this.#signal.until(() => host.client.entry?.lobby.state === "active" && host.client.state === "online");
        return mayDie() && host.client.sendMessage(DIE);
    }
}
