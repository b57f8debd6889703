// What occurs in the store, to be offered in the fields of a condition. What the API does not tell is typed.
import { Fragment, useId, useMemo, type ReactNode } from 'react';
import { useAnswer } from '../api/client';
import { OccurringIdentifierKindsDocument, OccurringWithCustomersDocument, SegmentNamesDocument } from '../api/generated';
import { useValues } from '../journeys/fields';
import { DIMENSIONS } from '../journeys/scope';

/** Reads a part of the condition: `up` levels above the field, by its name. */
type Near = (up: number, name: string) => unknown;

export type Occurring = {
  /** The id of the datalist for a field, when something is known to occur. */
  listOf: (type: string, field: string, near: Near) => string | undefined;
  lists: ReactNode;
};

const FIELDS: Record<string, string> = {
  'TraitCondition.name': 'traits',
  'IdentifierCondition.kind': 'kinds of identifiers',
  'StepInput.names': 'name',
  'StepInput.kinds': 'kind',
  'StepInput.channels': 'channel',
  'StepInput.campaigns': 'campaign',
  'SeenCondition.channels': 'channel',
  'ConsentCondition.channel': 'channel',
  'ConsentCondition.purpose': 'purposes',
  'SeenCondition.devices': 'devices',
  'SegmentCondition.name': 'segments',
  'DimensionIs.dimension': 'dimensions',
};

export function useOccurring(): Occurring {
  const id = useId();
  const customers = useAnswer(OccurringWithCustomersDocument, {}).data?.customers.nodes;
  const kinds = useAnswer(OccurringIdentifierKindsDocument, {}).data?.identityRules?.kinds;
  const segments = useAnswer(SegmentNamesDocument, {}).data?.segments.nodes;
  const names = useValues('name');
  const touchpointKinds = useValues('kind');
  const channels = useValues('channel');
  const campaigns = useValues('campaign');
  const lists = useMemo(() => {
    const found = new Map<string, Set<string>>([
      ['name', new Set(names)], ['kind', new Set(touchpointKinds)], ['channel', new Set(channels)], ['campaign', new Set(campaigns)],
      ['dimensions', new Set(DIMENSIONS)],
      ['segments', new Set(segments?.map(({ name }) => name))],
      ['kinds of identifiers', new Set(kinds?.map(({ name }) => name))],
    ]);
    const add = (list: string, value: string) => found.set(list, (found.get(list) ?? new Set()).add(value));
    for (const { traits, consents, spend, devices } of customers ?? []) {
      for (const { name, value, masked } of traits) {
        add('traits', name);
        for (const one of masked ? [] : [value].flat()) {
          if (['string', 'number', 'boolean'].includes(typeof one)) add(`trait ${name}`, String(one));
        }
      }
      for (const { purpose } of consents) add('purposes', purpose);
      for (const { net } of spend) add('currencies', net.currency);
      for (const { kind } of devices.nodes) add('devices', kind);
    }
    return found;
  }, [names, touchpointKinds, channels, campaigns, segments, kinds, customers]);
  const order = [...lists.keys()];
  return {
    listOf: (type, field, near) => {
      let list = FIELDS[`${type}.${field}`] ?? (field === 'currency' ? 'currencies' : undefined);
      // The values of the trait that the line is about: trait.is.text.in.0, trait.is.number.min.
      for (let up = 2; up <= 4 && !list; up++) {
        const name = near(up, 'name');
        if (typeof name === 'string' && near(up, 'is') !== undefined && lists.has(`trait ${name}`)) list = `trait ${name}`;
      }
      if (type === 'DimensionIs' && field === 'is') list = String(near(2, 'dimension'));
      return list !== undefined && (lists.get(list)?.size ?? 0) > 0 ? `${id}-${order.indexOf(list)}` : undefined;
    },
    lists: (
      <Fragment>
        {order.map((name, index) => (
          <datalist key={name} id={`${id}-${index}`}>{[...(lists.get(name) ?? [])].slice(0, 500).map((value) => <option key={value} value={value} />)}</datalist>
        ))}
      </Fragment>
    ),
  };
}
