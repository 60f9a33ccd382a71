/** Rewrite rules: what passes apply without knowing an operator. Rules live here because they name operators. */

import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "./operator.ts";
import type { OpName } from "./registry.ts";

/** A node with what a rule may ask about its surroundings. */
export interface Match {
  /** Where to build the replacement. */
  readonly g: Builder;
  readonly node: Node;
  /** The node's inputs in the graph that is being built. */
  readonly inputs: readonly (Value | null)[];
  /** The node's attributes with defaults. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The node that makes a value of the new graph; undefined for inputs and constants. */
  producer(value: Value | null | undefined): Node | undefined;
  /** The nodes of the graph being read that take a value of it as input. */
  readers(value: Value): readonly Node[];
  /** True if this node is the only one that reads its input `index`, and the graph does not give it out. */
  readsAlone(index: number): boolean;
}

/** Gives the values that take the place of the node's outputs, or undefined to leave the node as it is. */
export type Rule = (match: Match) => readonly Value[] | undefined;

/** Rules by the operator at which they look. */
export type Rules = Readonly<Partial<Record<OpName, readonly Rule[]>>>;
