/** Starts the service worker, and tells when the page works without a network. */

const RELOADED = "atlasmtl-reloaded-for-isolation";

export interface OfflineOptions {
  /** Every file is kept. */
  onReady(): void;
  /** True while nothing would be lost if the page loaded anew. */
  mayReload(): boolean;
}

/** Does nothing where there are no service workers, such as without https: the page works as well. */
export async function registerOffline({ onReady, mayReload }: OfflineOptions): Promise<void> {
  if (import.meta.env.DEV || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("./service-worker.js");
    const { active } = await navigator.serviceWorker.ready;
    if (active === null || !(await isComplete(active))) return;
    onReady();
    reloadForIsolation(mayReload);
  } catch {
    // A browser that forbids it, as some do in private windows.
  }
}

function isComplete(worker: ServiceWorker): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data === true);
    worker.postMessage("is complete?", [port2]);
  });
}

/** Loads the page once more with the service worker's headers; once a session, so that it cannot go round. */
function reloadForIsolation(mayReload: () => boolean): void {
  if (crossOriginIsolated || !mayReload()) return;
  try {
    if (sessionStorage.getItem(RELOADED) !== null) return;
    sessionStorage.setItem(RELOADED, "1");
  } catch {
    return;
  }
  location.reload();
}
