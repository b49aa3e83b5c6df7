/** `85ms`, `1.5s`, `2m 05s`, `3h 07m`: short and stable in width class. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)}ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const pad = (part: number) => String(part).padStart(2, "0");
  if (whole < 3_600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** `3 days ago`, `1 minute ago`, `just now`: the largest unit that fits. */
export function formatAge(milliseconds: number): string {
  const found = UNITS.find(([, size]) => milliseconds >= size);
  if (found === undefined) return "just now";
  const [unit, size] = found;
  const count = Math.floor(milliseconds / size);
  return `${count.toLocaleString("en-US")} ${unit}${count === 1 ? "" : "s"} ago`;
}
