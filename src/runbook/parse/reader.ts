/** Reads attributes by what they mean. What is wrong is collected, so that an author hears of everything at once. */

import { type Condition, parseCondition } from '../condition.ts';
import { type Values, referencesIn, substitute } from '../names.ts';
import type { Fault, Place } from '../source.ts';
import type { Attribute } from './attributes.ts';
import { parseDuration } from '../../system/duration.ts';

export class AttributeReader {
  readonly #attributes: ReadonlyMap<string, Attribute>;
  readonly #values: Values | undefined;
  readonly #faults: Fault[];

  /** `values`: of the inputs; undefined while they are not known, and what needs one is then taken to be its default. */
  constructor(attributes: ReadonlyMap<string, Attribute>, values: Values | undefined, faults: Fault[]) {
    this.#attributes = attributes;
    this.#values = values;
    this.#faults = faults;
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  /** As it will be used, or as it is written while the inputs are not known. */
  text(name: string): string | undefined {
    const attribute = this.#attributes.get(name);
    return attribute === undefined ? undefined : substitute(attribute.value, this.#values ?? new Map());
  }

  duration<Default>(name: string, otherwise: Default): number | Default {
    return this.#read(name, otherwise, parseDuration, 'is not a duration', 'Write it like 30s, 5m or 1h30m.');
  }

  /** Longer than no time at all. */
  time(name: string, otherwise: number): number {
    return this.#read(name, otherwise, (text) => parseDuration(text) || undefined, 'is no time', 'Write it like 30s, 5m or 1h30m.');
  }

  count(name: string, otherwise: number, most: number): number {
    const parse = (text: string) => (/^\d{1,9}$/.test(text) && Number(text) <= most ? Number(text) : undefined);
    return this.#read(name, otherwise, parse, `is not a whole number up to ${most}`, 'Write digits alone.');
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[], otherwise: Choice): Choice {
    const parse = (text: string) => choices.find((choice) => choice === text);
    return this.#read(name, otherwise, parse, 'is none of the values that it may have', `Write ${choices.join(' or ')}.`);
  }

  condition(name: string): Condition | undefined {
    const fix = 'Write NAME == value, NAME != value or NAME in a,b, joined by and.';
    return this.#read(name, undefined, parseCondition, 'is not a condition', fix);
  }

  /** Something about this attribute is wrong. */
  fault(name: string, message: string, fix: string): void {
    const place: Place | undefined = this.#attributes.get(name)?.place;
    if (place !== undefined) this.#faults.push({ ...place, message, fix });
  }

  /** Refuses every attribute that is not in the list. */
  allow(names: readonly string[], what: string): void {
    for (const name of this.#attributes.keys())
      if (!names.includes(name)) this.fault(name, `${what} has no attribute ${name}.`, `It may have ${names.join(', ')}.`);
  }

  #read<Value, Default>(
    name: string,
    otherwise: Default,
    parse: (text: string) => Value | undefined,
    problem: string,
    fix: string,
  ): Value | Default {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    if (this.#values === undefined && referencesIn(text).length > 0) return otherwise;
    const value = parse(text);
    if (value !== undefined) return value;
    this.fault(name, `${name}=${JSON.stringify(text)} ${problem}.`, fix);
    return otherwise;
  }
}
