// The words of the form for the names of the schema. A name that is not here is written apart: `olderThan`, older than.
import { plain } from '../app/words';

const CHOICES: Record<string, string> = {
  all: 'a group: all of',
  any: 'a group: at least one of',
  trait: 'a trait',
  identifier: 'an identifier',
  did: 'something done, or not done',
  journey: 'a journey',
  orders: 'orders',
  product: 'products',
  spend: 'money spent',
  consent: 'a consent',
  seen: 'when and where seen',
  segment: 'a saved segment',
  figure: 'a figure',
  household: 'a household',
};

const FIELDS: Record<string, string> = {
  'min': 'at least',
  'max': 'at most',
  'above': 'more than',
  'below': 'less than',
  'in': 'is one of',
  'is': 'must be',
  'matches': 'matches the regular expression',
  'startsWith': 'begins with',
  'last': 'in the last',
  'next': 'in the next',
  'olderThan': 'longer ago than',
  'between': 'between two times ago',
  'fixed': 'between two dates',
  'calendar': 'whole days, weeks, months …',
  'anniversary': 'day and month near today',
  'exists': 'there is a value',
  'flag': 'true or false',
  'text': 'a text',
  'number': 'a number',
  'time': 'a time',
  'list': 'a list',
  'what': 'which touchpoints',
  'where': 'with',
  'when': 'when',
  'times': 'how often',
  'then': 'then, in order',
  'only': 'only the first or last of life',
  'total': 'the sum of a property',
  'same': 'with the same',
  'of': 'which of the kept values',
  'said': 'said when',
  'returnRate': 'return rate, 0 to 1',
  'anyOf': 'has one of',
  'allOf': 'has each of',
  'TouchpointCondition.count': 'what is counted',
  'TouchpointCondition.where': 'with properties',
  'StepInput.where': 'with dimensions',
  'ThenCondition.where': 'with properties',
  'ProductCondition.is': 'which products',
  'SeenCondition.first': 'first seen',
  'SeenCondition.last': 'last seen',
  'AgoRange.from': 'from this long ago',
  'AgoRange.to': 'to this long ago',
  'DayRange.from': 'from day',
  'DayRange.to': 'to day',
  'CalendarRange.back': 'ending this many before the present one',
  'CalendarRange.count': 'how many',
};

/** What a condition or a value of an enum is called. */
export const choiceLabel = (name: string): string => CHOICES[name] ?? plain(apart(name));

/** What a field of an input type is called. */
export const fieldLabel = (type: string, name: string): string => FIELDS[`${type}.${name}`] ?? FIELDS[name] ?? plain(apart(name));

export const TOOLS = {
  up: 'Move up (Alt and arrow up)',
  down: 'Move down (Alt and arrow down)',
  group: 'Put into a group of its own',
  remove: 'Take away',
  clear: 'Take everything away',
};

const apart = (name: string): string => name.replace(/[a-z][A-Z]/g, (pair) => `${pair.charAt(0)} ${pair.charAt(1).toLowerCase()}`);
