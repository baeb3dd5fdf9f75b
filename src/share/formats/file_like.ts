// What is read of a file: its length, and stretches of it when they are asked for. A Blob is one; so is a file that is on its way.

export interface FileLike {
  readonly size: number
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer>; text(): Promise<string> }
  arrayBuffer(): Promise<ArrayBuffer>
  text(): Promise<string>
}

/** A file under its path within what was given. */
export interface NamedFile {
  name: string
  data: FileLike
}

/** Files by their names within the model's folder. */
export type Files = ReadonlyMap<string, FileLike>
