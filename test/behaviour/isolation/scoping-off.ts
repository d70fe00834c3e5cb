/** Takes the stores' own scoping out of every query, so that row-level security is all that is left. */

import {
  type BinaryOperationNode,
  ColumnNode,
  type KyselyPlugin,
  OperationNodeTransformer,
  RawNode,
  ReferenceNode,
  ValueNode,
} from 'kysely';

/** The columns by which the stores keep tenants and owners apart. */
const scopingColumns = new Set(['workspace_id', 'owner_id']);

class WithoutScoping extends OperationNodeTransformer {
  removed = 0;

  protected override transformBinaryOperation(node: BinaryOperationNode): BinaryOperationNode {
    const { leftOperand, rightOperand } = node;
    const isScoping =
      ReferenceNode.is(leftOperand) && ColumnNode.is(leftOperand.column) && scopingColumns.has(leftOperand.column.column.name);
    // A comparison of two columns joins; one with a value scopes.
    if (!isScoping || ReferenceNode.is(rightOperand)) return super.transformBinaryOperation(node);
    this.removed += 1;
    return super.transformBinaryOperation({
      ...node,
      leftOperand: ValueNode.createImmediate(1),
      operator: RawNode.createWithSql('='),
      rightOperand: ValueNode.createImmediate(1),
    });
  }

  /** `workspace_id = $1` in hand-written SQL becomes a text that is always true and still takes its parameter. */
  protected override transformRaw(node: RawNode): RawNode {
    const sqlFragments = node.sqlFragments.map((fragment, place) => {
      if (place >= node.parameters.length || !fragment.endsWith('workspace_id = ')) return fragment;
      this.removed += 1;
      return fragment.replace(/(\w+\.)?workspace_id = $/, "'' <> 'x' || ");
    });
    return super.transformRaw({ ...node, sqlFragments });
  }
}

export interface ScopingOff extends KyselyPlugin {
  /** How many conditions were taken out; a test that took out none proves nothing. */
  readonly removed: number;
}

export function scopingOff(): ScopingOff {
  const transformer = new WithoutScoping();
  return {
    get removed() {
      return transformer.removed;
    },
    transformQuery: ({ node, queryId }) => transformer.transformNode(node, queryId),
    transformResult: async ({ result }) => result,
  };
}
