// Runs the commands of docs/install.md ("Without a network") as a new user would, and prints the time of each: a home folder that
// holds the tarball alone, no repository, no network, no right to write where Node lies.
//
//   node scripts/newcomer.mjs [TARBALL]     without one it packs what was built
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

/** Nobody, on Debian and most others. */
const NOBODY = 65534;

const root = resolve(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/install.md"), "utf8");
const [, commands] = /\n## Without a network\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(page);

const home = mkdtempSync(join(tmpdir(), "newcomer-"));
process.on("exit", () => rmSync(home, { recursive: true, force: true }));
const tarball = process.argv[2] ?? pack();
copyFileSync(tarball, join(home, basename(tarball)));

/** Prints each command, runs it, and prints how long it took. */
const script = `set -euo pipefail
cd ~
say() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "  (%.1f s)\\n\\n", b - a }'; }
began=$EPOCHREALTIME
while IFS= read -r line; do
  printf '$ %s\\n' "$line"
  t=$EPOCHREALTIME
  eval "$line" </dev/null
  say "$t"
done < commands.sh
test -s annotated.h5ad
echo "from the tarball to an annotated file:"
say "$began"
`;
writeFileSync(join(home, "commands.sh"), commands);
writeFileSync(join(home, "run.sh"), script);

const path = [dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(":");
const bare = ["env", "-i", `PATH=${path}`, `HOME=${home}`, "LANG=C.UTF-8", `TMPDIR=${tmpdir()}`];
const launcher = [...withoutNetwork(), ...asNobody(), ...bare];
const { status } = spawnSync(launcher[0], [...launcher.slice(1), "bash", join(home, "run.sh")], {
  stdio: ["ignore", "inherit", "inherit"],
});
process.exitCode = status ?? 1;

function pack() {
  const words = ["pack", "--json", "--silent", "--ignore-scripts", "--pack-destination", home];
  const [{ filename }] = JSON.parse(execFileSync("npm", words, { cwd: root, encoding: "utf8" }));
  const made = join(home, filename);
  const elsewhere = join(mkdtempSync(join(tmpdir(), "newcomer-pack-")), filename);
  copyFileSync(made, elsewhere);
  rmSync(made);
  process.on("exit", () => rmSync(dirname(elsewhere), { recursive: true, force: true }));
  return elsewhere;
}

/** A network namespace of its own, in which only the loopback interface is, and that one is down. */
function withoutNetwork() {
  for (const words of [
    ["unshare", "--net", "--"],
    ["unshare", "--map-root-user", "--net", "--"],
  ]) {
    const { status, stdout } = spawnSync(words[0], [...words.slice(1), "cat", "/proc/net/dev"], {
      encoding: "utf8",
    });
    if (status !== 0) continue;
    console.log(
      `network interfaces: ${[...stdout.matchAll(/^ *(\w+):/gm)].map(([, name]) => name).join(", ")}\n`,
    );
    return words;
  }
  console.log("network namespaces are not allowed here: the machine's network can be reached\n");
  return [];
}

/** Another user where this one is root, since root may write anywhere. */
function asNobody() {
  if (process.getuid?.() !== 0) return [];
  const words = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  if (spawnSync(words[0], [...words.slice(1), process.execPath, "--version"]).status !== 0) {
    console.log("another user cannot run this Node: running as root\n");
    return [];
  }
  for (const name of ["", basename(tarball), "commands.sh", "run.sh"])
    chownSync(join(home, name), NOBODY, NOBODY);
  return words;
}
