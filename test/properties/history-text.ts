import type { Edit, History, Step } from "./create-history.ts";
import type { ModelSpec, ReadSpec, SideSpec } from "./model-spec.ts";

/** A history as a person reads it: the graph, then each step. */
export function historyText({ seed, width, steps, retriesFirst }: History): string {
  const lines = [`history ${seed}, ${width} models at a time`];
  for (const [index, step] of steps.entries()) {
    const before = steps[index - 1];
    lines.push(`step ${index + 1}`);
    for (const model of step.models) {
      const same = before?.models.find((each) => each.index === model.index);
      if (same !== model) lines.push(`  ${same === undefined ? "model" : "edit"} ${modelText(model)}`);
    }
    lines.push(...stepLines(step, before).map((line) => `  ${line}`));
  }
  lines.push(`end: ${retriesFirst ? "retry, then " : ""}delta, then retry and delta until no unit is failed`);
  return lines.join("\n");
}

function modelText(spec: ModelSpec): string {
  const { index, form, source, second, side, by, behaviour, isComposite, isNamed, version } = spec;
  const { mode, salt, isCoarse, regroups, hasExtra } = behaviour;
  const traits = [
    ...(isComposite ? ["composite key"] : []),
    ...(isCoarse ? ["coarse"] : []),
    ...(regroups ? ["regroups"] : []),
    ...(hasExtra ? ["extra column"] : []),
    ...(isNamed ? ["upstreams by name"] : []),
    ...(version === undefined ? [] : [`version ${version}`]),
  ];
  return [
    `m${index}: ${form}${by.length === 0 ? "" : ` by ${by.join(", ")}`} of ${readText(source)}`,
    ...(second === undefined ? [] : [`and ${readText(second)}`]),
    ...(side === undefined ? [] : [`beside ${readText(side)}`]),
    `→ ${mode}, salt ${salt}${traits.length === 0 ? "" : ` (${traits.join(", ")})`}`,
  ].join(" ");
}

function readText({ from, columns, where, match }: SideSpec & ReadSpec): string {
  const parts = [
    ...(columns === undefined ? [] : [`columns ${columns.join(",")}`]),
    ...(where === undefined ? [] : [`where ${JSON.stringify(where)}`]),
    ...(match === undefined ? [] : [`match ${JSON.stringify(match)}`]),
  ];
  const name = typeof from === "number" ? `m${from}` : from;
  return parts.length === 0 ? name : `${name} [${parts.join("; ")}]`;
}

function stepLines({ edits, factors, drops, failures, run }: Step, before: Step | undefined): string[] {
  const { kind, documents, models, crash, stopOnError } = run;
  const about = kind === "limited" ? ` ${documents.map((each) => `d${each}`).join(" ")}` : "";
  const some = kind === "some" ? ` ${models.map((each) => `m${each}`).join(" ")}` : "";
  return [
    ...edits.map(editText),
    ...(before === undefined || before.factors === factors ? [] : [`factors ${JSON.stringify(factors)}`]),
    ...drops.map((each) => `drop table m${each}`),
    ...failures.map(({ model, kind, share, salt }) => `m${model}: one of ${share} units fails (${kind}, ${salt})`),
    `run ${kind}${about}${some}${stopOnError ? " --stop-on-error" : ""}${crash === undefined ? "" : `, dies ${crash.moment} statement ${crash.statement}`}`,
  ];
}

function editText(edit: Edit): string {
  if ("remove" in edit) return `delete ${edit.remove}`;
  if ("write" in edit) return `write d${edit.write}: ${JSON.stringify(edit.content)}`;
  if ("unlink" in edit) return `remove d${edit.unlink}`;
  const { id, grp, documentId, n, slot, body } = edit.put;
  return `put ${id}: ${String(grp)}, document ${documentId.slice(0, 4)}, n ${n}, slot ${slot}, ${JSON.stringify(body)}`;
}
