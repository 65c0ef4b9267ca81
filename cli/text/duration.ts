/** A duration as people say it: `8.2 s`, `4 m 12 s`, `3 h 5 m`, `2 d 4 h`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 59.95) return `${seconds < 9.95 ? seconds.toFixed(1) : seconds.toFixed(0)} s`;
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} m`;
  return `${minutes} m ${whole % 60} s`;
}

/** The time between two moments in ISO 8601. */
export const between = (start: string, end: string): number => Date.parse(end) - Date.parse(start);
