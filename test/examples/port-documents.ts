const SYSTEMS = ["Tide Ledger", "Berth Planner", "Crane Link", "Gate Keeper", "Yard Atlas", "Pilot Desk", "Quay Watch"];
const STORES = ["Postgres", "Redis", "RabbitMQ", "Kafka", "NATS"];
const VARIANTS = [(name: string) => name, (name: string) => `the ${name}`, (name: string) => `${name}s`];
const PLACES = ["Hamburg", "Rotterdam", "Antwerp", "Valencia"];

const pick = <Value>(values: readonly Value[], index: number): Value => values[index % values.length] as Value;

const SYLLABLES = ["ba", "ko", "mi", "ru", "ve", "sol", "tan", "dor"];

/** What only this document speaks of. */
export function ownName(number: number): string {
  const [first, second] = [pick(SYLLABLES, number), pick(SYLLABLES, Math.floor(number / SYLLABLES.length))];
  const third = pick(SYLLABLES, Math.floor(number / SYLLABLES.length ** 2));
  return `${first.charAt(0).toUpperCase()}${first.slice(1)}${second}${third}x Relay`;
}

/** One document of a made-up port; those of one number are the same everywhere. */
function portDocument(number: number): string {
  const system = pick(SYSTEMS, number);
  const other = pick(SYSTEMS, number * 3 + 1);
  const store = pick(STORES, number * 2);
  const own = ownName(number);
  const named = pick(VARIANTS, number)(system);
  const parts = [
    `# ${system} in ${pick(PLACES, number)}`,
    `Today ${named} uses ${store} for the measurements of berth ${number}. ${system} depends on ${other} at night. The people in ${pick(PLACES, number)} must restart ${system} after every storm.`,
    `## Terminal ${number}`,
    `Only here we run ${own} and Beacon Hub. ${own} integrates with ${system} and cannot be replaced. ${other} can read the levels of ${store} within ${number + 2} seconds.`,
  ];
  return `${parts.join("\n\n")}\n\n${"Ships come and ships go. ".repeat(24)}\n`;
}

export function portDocuments(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, number) => [`port-${number}.md`, portDocument(number)]));
}
