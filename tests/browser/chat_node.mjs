// A node of examples/chat, as a process of its own.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";

export class ChatNode {
  /// A node that is ready; `port` 0: one that the system chooses.
  static async start(port = 0) {
    const node = new ChatNode();
    node.folder = await mkdtemp(path.join(tmpdir(), "troupe-chat-"));
    node.process = spawn(
      path.join(process.env.TROUPE_TEST_BIN, "chat"),
      ["gateway", "--threads", "2", "--listen", `127.0.0.1:${port}`, "--cluster", "127.0.0.1:0",
        "--admin", "127.0.0.1:0"],
      { cwd: node.folder, stdio: ["ignore", "ignore", "pipe"] });
    node.ended = once(node.process, "exit");
    node.port = await node.#ready();
    return node;
  }

  get url() { return `http://127.0.0.1:${this.port}/`; }

  /// SIGKILL, or in an orderly way by SIGTERM; gives the exit status.
  async end(signal) {
    this.process.kill(signal);
    const [status] = await this.ended;
    await rm(this.folder, { recursive: true, force: true });
    return status;
  }

  /// Reads the log to its end, so that the node is never held up; gives the port at the line "ready".
  #ready() {
    const lines = [];
    let port;
    return new Promise((resolve, reject) => {
      const log = readline.createInterface({ input: this.process.stderr });
      log.on("line", line => {
        lines.push(line);
        port ??= line.match(/\bhttp listening on 127\.0\.0\.1:(\d+)/)?.[1];
        if (/\bready\b/.test(line)) resolve(Number(port));
      });
      log.on("close", () => reject(new Error(`the node has not become ready:\n${lines.join("\n")}`)));
    });
  }
}
