/**
 * The part of the browser that is used, as interfaces: the package's declarations must compile without those of the DOM, and tests can
 * put something else in the browser's place.
 */

/** A FileSystemSyncAccessHandle. */
export interface SyncFile {
  getSize(): number;
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** A FileSystemFileHandle. */
export interface FileHandle {
  readonly kind: "file";
  readonly name: string;
  getFile(): Promise<Blob>;
  createWritable(): Promise<{
    write(content: Uint8Array | Blob | string): Promise<void>;
    /** Puts the content in place: all of it, at once. */
    close(): Promise<void>;
    abort(): Promise<void>;
  }>;
  /** In dedicated workers. */
  createSyncAccessHandle(): Promise<SyncFile>;
}

/** A FileSystemDirectoryHandle. */
export interface FolderHandle {
  readonly kind: "directory";
  readonly name: string;
  getDirectoryHandle(name: string, options?: { readonly create?: boolean }): Promise<FolderHandle>;
  getFileHandle(name: string, options?: { readonly create?: boolean }): Promise<FileHandle>;
  removeEntry(name: string, options?: { readonly recursive?: boolean }): Promise<void>;
  values(): AsyncIterable<FileHandle | FolderHandle>;
}

/** A StorageManager. */
export interface Storage {
  getDirectory(): Promise<FolderHandle>;
  estimate(): Promise<{ readonly quota?: number; readonly usage?: number }>;
}

/** A LockManager. */
export interface Locks {
  request<T>(name: string, options: { readonly signal: AbortSignal }, work: () => Promise<T>): Promise<T>;
}

/** What `navigator` has here; each part may be missing. */
export function navigatorOf(): { readonly storage?: Storage; readonly locks?: Locks } {
  return (globalThis as { readonly navigator?: object }).navigator ?? {};
}
