/** Offers a file for download, from memory or the browser's own storage: no request is made. */
export function download(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads the file while it saves.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
