import { stripVTControlCharacters } from 'node:util';

/** Control characters but for line feeds, and those that turn the direction of text. */
const unprintable = /[^\P{Cc}\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text from outside, such as an error of Azure's, that cannot steer the terminal. */
export const printable = (text: string): string =>
  stripVTControlCharacters(text).replaceAll('\t', ' ').replaceAll(unprintable, '');

/** The same value with every text in it printable. */
export function allPrintable<T>(value: T): T {
  if (typeof value === 'string') return printable(value) as T;
  if (Array.isArray(value)) return value.map(allPrintable) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [printable(key), allPrintable(each)])) as T;
}

export const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');
