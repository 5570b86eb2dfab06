import { open } from "fs";
import path from "path";

/** How long a value is kept, in seconds. */
export const KEPT_S = 60;

/**
 * Reads a file.
 * @param {string} name which one
 */
export async function read(name, { encoding = "utf8" } = {}) {
  function trace(text) {
    console.log(text);
  }
  trace(name);
  return open(name);
}

export default class Store extends Base {
  static #count = 0;
  limit = 10;

  constructor(folder) {
    super();
    this.folder = folder;
  }

  // Where a key lies.
  get root() { return this.folder; }

  *keys() {
    yield "a";
  }

  onChange = (key) => {
    this.limit = key;
  };
}

const double = (x) => x * 2;
const walk = function* (tree) {
  yield* tree;
};
module.exports.helper = (a, b) => {
  return a + b;
};
export const api = {
  get(key) { return key; },
  remove: async (key) => {
    await key;
  },
  version: 3,
};
export { double } from "./double.js";
