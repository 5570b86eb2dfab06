import type { Point } from "./point";

/** Anything that can be drawn. */
export interface Shape<T extends Point = Point> {
  readonly name: string;
  /** Its area, in square metres. */
  area(): number;
  move?(by: T): void;
  [key: string]: unknown;
}

export type Listener<T> = (event: T) => void;
export type Options = {
  colour: string;
  width: number;
};

export enum Side {
  Left = "left",
  Right = "right",
}

export function draw(shape: Shape): void;
export function draw(shape: Shape, times: number): void;
export function draw(shape: Shape, times = 1): void {
  for (let i = 0; i < times; i++) shape.area();
}

export abstract class Base<T> implements Shape {
  protected static made = 0;
  constructor(private readonly inner: T, public name: string) {}
  abstract area(): number;
  @logged()
  async load<K extends keyof T>(key: K): Promise<T[K]> {
    return this.inner[key];
  }
  handler = (event: T): void => { this.made(event); };
}

declare module "plain" {
  export function plain(text: string): string;
}

namespace Inner {
  export const depth: number = 2;
  export function dig(): void {}
}

export const total = async (shapes: Shape[]): Promise<number> => {
  return shapes.reduce((sum, shape) => sum + shape.area(), 0);
};
