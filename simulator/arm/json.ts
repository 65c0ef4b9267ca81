/** A JSON object whose shape its owner knows. */
export type Body = Record<string, unknown>;

/** Whether the value is a JSON object, not an array. */
export function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a dotted path such as `properties.networkProfile.outboundType`, or undefined. */
export function valueAt(body: unknown, path: string): unknown {
  let value = body;
  for (const key of path.split('.')) value = isBody(value) ? value[key] : undefined;
  return value;
}

/** A copy of the body with the value at a dotted path replaced; `undefined` removes it. */
export function withValueAt(body: Body, path: string, value: unknown): Body {
  const [key = '', ...rest] = path.split('.');
  if (rest.length === 0) return withoutUndefined({ ...body, [key]: value });
  const child = body[key];
  if (!isBody(child) && value === undefined) return body;
  return { ...body, [key]: withValueAt(isBody(child) ? child : {}, rest.join('.'), value) };
}

/** A shallow copy without the keys that are undefined. */
export function withoutUndefined(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/** A deep copy without nulls. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isBody(value)) return value;
  const kept = Object.entries(value).filter(([, child]) => child !== null && child !== undefined);
  return Object.fromEntries(kept.map(([key, child]) => [key, withoutNulls(child)]));
}

/** A sent object as Azure echoes it: without its nulls. */
export function echoed(value: unknown): Body {
  const kept = withoutNulls(value);
  return isBody(kept) ? kept : {};
}
