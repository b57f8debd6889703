// Written by scripts/generate.mjs from ../schema.graphql and src/**/*.graphql. Do not edit.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** A range of times ago. */
export type AgoRange = {
  /** The longer time ago. */
  from: string;
  /** The shorter time ago. */
  to: string;
};

/** How the credit for a conversion is divided between the touchpoints before it. */
export type AttributionModel =
  /** All credit to the first touchpoint. */
  | 'FIRST_TOUCH'
  /** All credit to the last touchpoint. */
  | 'LAST_TOUCH'
  /** The same credit to each touchpoint. */
  | 'LINEAR'
  /** A whole conversion to each value that takes part. The credits do not add up to the conversions. */
  | 'PARTICIPATION'
  /** 0.4 to the first and 0.4 to the last touchpoint, the rest to those between. */
  | 'POSITION_BASED'
  /** 0.2 to the first and 0.6 to the last touchpoint, the rest to those between. */
  | 'J_SHAPED'
  /** 0.6 to the first and 0.2 to the last touchpoint, the rest to those between. */
  | 'INVERSE_J'
  /** The credit of a touchpoint halves with each half-life of its age. */
  | 'TIME_DECAY'
  /** By the share of conversions that would be lost without a value (removal effect). Not for one customer. */
  | 'MARKOV'
  /** The same credit to each value that takes part. */
  | 'SHAPLEY';

/** Whole periods of the calendar in the time zone. The present period counts up to now. */
export type CalendarRange = {
  /** The period. */
  unit: CalendarUnit;
  /** The number of periods that the last one is before the present one. 0: the present one. */
  back?: number;
  /** The number of periods. */
  count?: number;
};

/** A period of the calendar. */
export type CalendarUnit =
  /** A day. It may have 23 or 25 hours. */
  | 'DAY'
  /** A week, from Monday. */
  | 'WEEK'
  /** A month. */
  | 'MONTH'
  /** Three months, from January, April, July or October. */
  | 'QUARTER'
  /** A year. */
  | 'YEAR';

/** The kinds of entries in the change log. */
export type ChangeKind =
  /** A customer was created. */
  | 'CUSTOMER_CREATED'
  /** Identifiers were added to a customer. */
  | 'IDENTIFIER_LINKED'
  /** Customers were merged: `customerId` is the customer that remains, `otherCustomerIds` were merged into it. */
  | 'CUSTOMERS_MERGED'
  /** A customer was split: `customerId` keeps its id, `otherCustomerIds` has the id of the other part. */
  | 'CUSTOMER_SPLIT'
  /** A person decided that customers are not the same person. */
  | 'CUSTOMERS_KEPT_APART'
  /** A customer was erased. */
  | 'CUSTOMER_ERASED'
  /** An identifier was found to be shared by several people. From then on it connects no customers. */
  | 'IDENTIFIER_SHARED'
  /** A touchpoint was stored. */
  | 'TOUCHPOINT_RECORDED'
  /** An order was placed or changed. */
  | 'ORDER_RECORDED'
  /** A consent was granted, denied or revoked. */
  | 'CONSENT_CHANGED'
  /** A customer entered a segment. */
  | 'SEGMENT_ENTERED'
  /** A customer left a segment. */
  | 'SEGMENT_LEFT'
  /** New identity rules were saved. */
  | 'RULES_SAVED';

/**
 * A condition on the consent in force. The strictest counts: REVOKED, DENIED, then GRANTED; EXPIRED when all ran out,
 * UNKNOWN when nothing was said.
 */
export type ConsentCondition = {
  /** The purpose, such as `marketing`. */
  purpose: string;
  /** Consents for this channel and those for all channels. Left out: all consents for the purpose. */
  channel?: string | null | undefined;
  /** It is one of these. */
  status: Array<ConsentStatus>;
};

/** The decision of a consent. */
export type ConsentStatus =
  /** Allowed. */
  | 'GRANTED'
  /** The person was asked and refused. */
  | 'DENIED'
  /** Granted once, and withdrawn later. */
  | 'REVOKED'
  /** Granted until a time that has passed. */
  | 'EXPIRED'
  /** Not known. */
  | 'UNKNOWN';

/** What is counted. */
export type CountedAs =
  /** Touchpoints. */
  | 'TOUCHPOINTS'
  /** Different days of the time zone. */
  | 'DAYS'
  /** Different weeks of the time zone, from Monday. */
  | 'WEEKS'
  /** Different months of the time zone. */
  | 'MONTHS'
  /** Different sessions. */
  | 'SESSIONS'
  /** Different channels. */
  | 'CHANNELS'
  /** Different devices. */
  | 'DEVICES'
  /** Different orders. */
  | 'ORDERS';

/**
 * A condition on a customer: exactly one key. A condition and `not` with this condition are exact complements: together
 * they have all customers, and no customer is in both. A missing value fits nothing but `exists: false`. At most 8
 * levels and 100 conditions.
 */
export type CustomerCondition =
  {   /** All of these fit. Every customer fits an empty list. */
  all: Array<CustomerCondition>; any?: never; not?: never; trait?: never; identifier?: never; did?: never; journey?: never; orders?: never; product?: never; spend?: never; consent?: never; seen?: never; segment?: never; }
  |  { all?: never;   /** At least one of these fits. No customer fits an empty list. */
  any: Array<CustomerCondition>; not?: never; trait?: never; identifier?: never; did?: never; journey?: never; orders?: never; product?: never; spend?: never; consent?: never; seen?: never; segment?: never; }
  |  { all?: never; any?: never;   /** Everybody else. */
  not: CustomerCondition; trait?: never; identifier?: never; did?: never; journey?: never; orders?: never; product?: never; spend?: never; consent?: never; seen?: never; segment?: never; }
  |  { all?: never; any?: never; not?: never;   /** A trait of the customer. */
  trait: TraitCondition; identifier?: never; did?: never; journey?: never; orders?: never; product?: never; spend?: never; consent?: never; seen?: never; segment?: never; }
  |  { all?: never; any?: never; not?: never; trait?: never;   /** The customer's identifiers. */
  identifier: IdentifierCondition; did?: never; journey?: never; orders?: never; product?: never; spend?: never; consent?: never; seen?: never; segment?: never; }
  |  { all?: never; any?: never; not?: never; trait?: never; identifier?: never;   /** What the customer did, or did not do: its touchpoints. */
  did: TouchpointCondition; journey?: never; orders?: never; product?: never; spend?: never; consent?: never; seen?: never; segment?: never; }
  |  { all?: never; any?: never; not?: never; trait?: never; identifier?: never; did?: never;   /** The customer's whole journey, as the questions about journeys see it. */
  journey: JourneyCondition; orders?: never; product?: never; spend?: never; consent?: never; seen?: never; segment?: never; }
  |  { all?: never; any?: never; not?: never; trait?: never; identifier?: never; did?: never; journey?: never;   /** Orders that were placed and not cancelled. */
  orders: OrdersCondition; product?: never; spend?: never; consent?: never; seen?: never; segment?: never; }
  |  { all?: never; any?: never; not?: never; trait?: never; identifier?: never; did?: never; journey?: never; orders?: never;   /** Relations to products. */
  product: ProductCondition; spend?: never; consent?: never; seen?: never; segment?: never; }
  |  { all?: never; any?: never; not?: never; trait?: never; identifier?: never; did?: never; journey?: never; orders?: never; product?: never;   /** Money spent in one currency. */
  spend: SpendCondition; consent?: never; seen?: never; segment?: never; }
  |  { all?: never; any?: never; not?: never; trait?: never; identifier?: never; did?: never; journey?: never; orders?: never; product?: never; spend?: never;   /** A consent in force. */
  consent: ConsentCondition; seen?: never; segment?: never; }
  |  { all?: never; any?: never; not?: never; trait?: never; identifier?: never; did?: never; journey?: never; orders?: never; product?: never; spend?: never; consent?: never;   /** When and where the customer was seen. */
  seen: SeenCondition; segment?: never; }
  |  { all?: never; any?: never; not?: never; trait?: never; identifier?: never; did?: never; journey?: never; orders?: never; product?: never; spend?: never; consent?: never; seen?: never;   /** The members of a saved segment. */
  segment: SegmentCondition; };

/** A range of days, counted from today; negative before today. Both ends are included. */
export type DayRange = {
  /** The first day. */
  from: number;
  /** The last day. */
  to: number;
};

/** A range of decimal numbers, both ends included. */
export type DecimalRange = {
  /** The smallest value. Left out: no lower end. */
  min?: string | null | undefined;
  /** The largest value. Left out: no upper end. */
  max?: string | null | undefined;
};

/** A condition on a dimension. */
export type DimensionIs = {
  /**
   * The dimension: `name`, `kind`, `channel`, `direction`, `source`, `campaign`, `campaign_source`,
   * `campaign_medium`, or a configured dimension.
   */
  dimension: string;
  /** The value is one of these. `(none)` stands for a touchpoint without a value. */
  is: Array<string>;
};

/** The direction of a touchpoint. */
export type Direction =
  /** From the customer to the business. */
  | 'INBOUND'
  /** From the business to the customer. */
  | 'OUTBOUND';

/** A range of numbers, both ends included. */
export type FloatRange = {
  /** The smallest value. Left out: no lower end. */
  min?: number | null | undefined;
  /** The largest value. Left out: no upper end. */
  max?: number | null | undefined;
};

/** The kinds of flow entries. */
export type FlowEntryKind =
  /** A value. */
  | 'VALUE'
  /** All values of the column that are not shown. */
  | 'OTHER'
  /** The journey had ended. */
  | 'ENDED'
  /** The journey had not started. */
  | 'NOT_BEGUN';

/** A condition on how far a journey came in a funnel. Exactly one of `reached` and `lostAt`. */
export type FunnelCondition = {
  /** The steps in order, 1 to 20. */
  steps: Array<StepInput>;
  /** The longest time from the first step to any other. Left out: no limit. */
  within?: string | null | undefined;
  /** It reached the step of this number, or a later one. The first step is 1. */
  reached?: number | null | undefined;
  /** It reached the step before the one of this number, and not this one. 2 or more. */
  lostAt?: number | null | undefined;
  /** Only touchpoints at this time or later. Left out: no bound. */
  since?: string | null | undefined;
  /** Only touchpoints before this time. Left out: no bound. */
  until?: string | null | undefined;
};

/** A condition on the number of identifiers. */
export type IdentifierCondition = {
  /** The kind, such as `email`. */
  kind: string;
  /** Only identifiers with such a value. Left out: all of the kind. */
  value?: TextCondition | null | undefined;
  /** The number of these identifiers. */
  count?: IntRange;
};

/** An identifier to look up. The server normalises the value first. */
export type IdentifierInput = {
  /** The kind, such as `email`. */
  kind: string;
  /** The value, in any common spelling. */
  value: string;
};

/** The rule of one kind of identifiers. The position in the list is the priority. */
export type IdentifierRuleInput = {
  /** The name of the kind. */
  name: string;
  /** The event paths of its values. They must be the present ones: other paths require a new import. */
  from?: Array<string> | null | undefined;
  /**
   * For a composite: the event paths of its parts. They are the present ones, or two or more traits of identify events,
   * such as `traits.last_name`. Traits are stored, so a new or changed composite is made from the stored traits.
   */
  parts?: Array<string> | null | undefined;
  /** Names of events whose value belongs to another person. They must be the present ones: others require a new import. */
  except?: Array<string> | null | undefined;
  /** The normalisation of values. It must be the present one: another one requires a new import. */
  normalise?: string | null | undefined;
  /**
   * Values of this kind, or of one of its parts, that are ignored. A value between slashes is a regular expression.
   * Left out: the present list. An empty list removes all.
   */
  blocked?: Array<string> | null | undefined;
  /** The maximum number of values of one customer. Left out: no limit. */
  limit?: number | null | undefined;
  /** Whether it is a device identifier, which can be found to be shared. */
  device?: boolean;
  /** Whether it may merge two existing customers. */
  merges?: boolean;
};

/** The kinds of events in an identity history. */
export type IdentityEventKind =
  /** The customer was created. */
  | 'CREATED'
  /** Identifiers were added. */
  | 'LINKED'
  /** Other customers were merged into it. */
  | 'MERGED'
  /** The customer was split. */
  | 'SPLIT'
  /** Identifiers were seen together with it and refused. */
  | 'REFUSED'
  /** The customer was erased. */
  | 'ERASED';

/** The complete rules, to try or to save. Fields that are left out do not keep their present value. */
export type IdentityRulesInput = {
  /** The version that these rules are based on. When another version was saved since, they are refused. */
  basedOn: number;
  /** The reason. It is stored and shown. */
  note?: string | null | undefined;
  /** The kinds of identifiers, the strongest first. */
  kinds: Array<IdentifierRuleInput>;
  /** Values that are ignored as identifiers. A value between slashes is a regular expression. */
  blocked: Array<string>;
  /** The maximum number of identifiers of one customer. */
  maxIdentifiers: number;
  /** A longer time between two touchpoints ends a session. */
  sessionGap: string;
  /** The country of phone numbers without a country prefix, ISO 3166-1. */
  phoneCountry: string;
};

/** A range of whole numbers, both ends included. */
export type IntRange = {
  /** The smallest value. Left out: no lower end. */
  min?: number | null | undefined;
  /** The largest value. Left out: no upper end. */
  max?: number | null | undefined;
};

/**
 * A condition on the journey of the customer: all its touchpoints of a time, in order. Exactly one key. A customer without a
 * touchpoint then does not fit.
 */
export type JourneyCondition =
  {   /** The values of the journey match a pattern. */
  pattern: PatternCondition; funnel?: never; }
  |  { pattern?: never;   /** How far the journey came in a funnel. */
  funnel: FunnelCondition; };

/** Which touchpoints and customers count. All given conditions must hold. Times: `since <= at < until`. */
export type JourneyScope = {
  /** At this time or later. */
  since?: string | null | undefined;
  /** Before this time. */
  until?: string | null | undefined;
  /** Only customers that are in this segment now. The name of the segment; case does not matter. */
  segment?: string | null | undefined;
  /** Only customers that fit this condition now. */
  is?: CustomerCondition | null | undefined;
  /** The time zone of `is`, an IANA name such as Europe/London. Left out: UTC. */
  timeZone?: string | null | undefined;
  /** Only touchpoints that match. */
  include?: StepInput | null | undefined;
  /** Only touchpoints that do not match. */
  exclude?: StepInput | null | undefined;
  /** The unit of a journey. Left out: CUSTOMER. */
  per?: JourneyUnit | null | undefined;
  /** A longer time between two touchpoints without a session id ends a session. Left out: the gap of the identity rules. */
  sessionGap?: string | null | undefined;
  /**
   * The dimension of a touchpoint's value: `name`, `kind`, `channel`, `direction`, `source`, `campaign`,
   * `campaign_source`, `campaign_medium`, or a configured dimension. Left out: `name`.
   */
  dimension?: string | null | undefined;
  /** Only customers with consent for this purpose: their strictest consent for it is GRANTED now. */
  purpose?: string | null | undefined;
};

/** The unit of a journey. */
export type JourneyUnit =
  /** All touchpoints of a customer in scope. */
  | 'CUSTOMER'
  /**
   * The touchpoints of a session in scope. Sessions are computed over all of a customer's touchpoints, before the scope
   * is applied.
   */
  | 'SESSION';

/** A condition on a list. Exactly one key. Elements are compared as texts are. */
export type ListCondition =
  {   /** It has one of these. */
  anyOf: Array<string>; allOf?: never; only?: never; size?: never; }
  |  { anyOf?: never;   /** It has each of these. */
  allOf: Array<string>; only?: never; size?: never; }
  |  { anyOf?: never; allOf?: never;   /** It has no other elements. An empty list fits. */
  only: Array<string>; size?: never; }
  |  { anyOf?: never; allOf?: never; only?: never;   /** The number of its elements. */
  size: IntRange; };

/** Whether a mutation changed anything. */
export type MutationStatus =
  /** The change was made. */
  | 'DONE'
  /** No change was needed. */
  | 'UNCHANGED'
  /** The change was refused. The problems say why. Nothing changed. */
  | 'REFUSED';

/** A condition on a number. All given bounds must hold, exactly. */
export type NumberCondition = {
  /** At least this. */
  min?: string | null | undefined;
  /** More than this. */
  above?: string | null | undefined;
  /** At most this. */
  max?: string | null | undefined;
  /** Less than this. */
  below?: string | null | undefined;
  /** One of these. */
  in?: Array<string> | null | undefined;
};

/** A touchpoint of a customer's life. */
export type Occurrence =
  /** The first. */
  | 'FIRST'
  /** The last. */
  | 'LAST';

/** The status of an order. */
export type OrderStatus =
  /** Placed, without returns. */
  | 'PLACED'
  /** Cancelled. */
  | 'CANCELLED'
  /** Some of it was returned. */
  | 'PART_RETURNED'
  /** All goods were returned, or all money was refunded. */
  | 'RETURNED';

/** A condition on orders that were placed and not cancelled, each by itself. */
export type OrdersCondition = {
  /** The number of orders that fit all other conditions. */
  count?: IntRange;
  /** When they were placed. */
  when?: TimeCondition | null | undefined;
  /** Their currency. Required for `net` and `gross`. */
  currency?: string | null | undefined;
  /** The total less returns. */
  net?: DecimalRange | null | undefined;
  /** The total. */
  gross?: DecimalRange | null | undefined;
  /** The returned part of the total, from 0 to 1. */
  returnRate?: FloatRange | null | undefined;
  /** A line with such a product. */
  containing?: ProductMatch | null | undefined;
};

/** A condition on the values of a journey. */
export type PatternCondition = {
  /** The pattern, such as `product -> [^cart]* -> order`, as `match` of journeys has it. */
  pattern: string;
  /** The dimension whose values these are. */
  dimension?: string;
  /** Only touchpoints at this time or later. Left out: no bound. */
  since?: string | null | undefined;
  /** Only touchpoints before this time. Left out: no bound. */
  until?: string | null | undefined;
};

/** The kinds of problems. */
export type ProblemCode =
  /** Not an id of this store. */
  | 'BAD_ID'
  /** An invalid argument. */
  | 'BAD_ARGUMENT'
  /** An id with a past moment where the present is required. */
  | 'ID_OF_THE_PAST'
  /** No object has this id. */
  | 'NOT_FOUND'
  /** No kind of identifiers has this name. */
  | 'UNKNOWN_KIND'
  /** No customer has this identifier. */
  | 'UNKNOWN_IDENTIFIER'
  /** Another customer has this identifier. */
  | 'NOT_ITS_IDENTIFIER'
  /** The split would leave the customer without identifiers. */
  | 'NOTHING_LEFT'
  /** Two of the ids are one customer. */
  | 'SAME_CUSTOMER'
  /** The customer was erased. */
  | 'ERASED'
  /** An identifier is of a person who was erased, and is suppressed: its events are not taken. */
  | 'SUPPRESSED'
  /** A rule forbids it. */
  | 'RULE_FORBIDS'
  /** Other rules, or another version of the segment, were saved after these were read. */
  | 'RULES_CHANGED'
  /** Other segments name it. The message has their names. */
  | 'IN_USE'
  /** Segments would name each other in a circle. The message has their names. */
  | 'CIRCULAR'
  /** Not an event. */
  | 'NOT_AN_EVENT'
  /** A required field is missing. */
  | 'MISSING_FIELD'
  /** Not a time, or a time outside the years 1 to 9999. */
  | 'BAD_TIME'
  /** Not an amount, or not a currency. */
  | 'BAD_MONEY'
  /** An invalid value. */
  | 'BAD_VALUE'
  /** Larger than the limit. */
  | 'TOO_LARGE'
  /** The settings block this value. It was left out. */
  | 'BLOCKED_VALUE'
  /** It concerns an order that has not arrived yet, and waits for it. */
  | 'ORDER_NOT_YET_HERE'
  /** The store refused it. */
  | 'STORE_REFUSED';

/** A condition on the customer's relations to products. */
export type ProductCondition = {
  /** The relation. */
  relation: ProductRelation;
  /** Only such products. */
  is?: ProductMatch | null | undefined;
  /** When the relation began, or its last time. */
  when?: TimeCondition | null | undefined;
  /** The number of products. */
  count?: IntRange;
};

/** A condition on a product. All given parts must fit. */
export type ProductMatch = {
  /** The sku is one of these, exactly. */
  skus?: Array<string> | null | undefined;
  /** The category is one of these; case does not matter. */
  categories?: Array<string> | null | undefined;
  /** The name. */
  name?: TextCondition | null | undefined;
};

/** The relations between a customer and a product. */
export type ProductRelation =
  /** On the customer's wish list. */
  | 'WISHED'
  /** Liked, and not disliked later. */
  | 'LIKED'
  /** Disliked, and not liked later. */
  | 'DISLIKED'
  /** Added to the cart, and neither removed nor ordered later. */
  | 'IN_CART'
  /** In an order that is not cancelled. */
  | 'BOUGHT'
  /** Returned. */
  | 'RETURNED';

/** A condition on a property of a touchpoint. */
export type PropertyCondition = {
  /**
   * The path from the event, with dots: `properties.products.0.price`, `context.campaign.name`. A list on the way
   * means any of its elements.
   */
  path: string;
  /** What the value must be. */
  is: ValueCondition;
};

/** A condition on the sum of a property. Values that are no number do not count; each is rounded at the sixth digit. */
export type PropertyTotal = {
  /** The path from the event, with dots. */
  path: string;
  /** Only touchpoints whose `properties.currency` is this currency count. */
  currency?: string | null | undefined;
  /** The smallest sum. */
  min?: string | null | undefined;
  /** The largest sum. */
  max?: string | null | undefined;
};

/** How a value was obtained. */
export type Provenance =
  /** Observed in a transaction or on a device. */
  | 'REALISED'
  /** Stated by the customer. */
  | 'DECLARED'
  /** Inferred by another system. */
  | 'ASSUMED';

/** When and where the customer was seen. All given parts must fit. */
export type SeenCondition = {
  /** When it was first seen. */
  first?: TimeCondition | null | undefined;
  /** When it was last seen. */
  last?: TimeCondition | null | undefined;
  /** It has touchpoints on one of these channels. */
  channels?: Array<string> | null | undefined;
  /** It was seen on a device of one of these kinds. */
  devices?: Array<string> | null | undefined;
};

/** The members of a saved segment, by its definition of now, or of the moment of `asOf`. */
export type SegmentCondition = {
  /** The name of the segment; case does not matter. */
  name: string;
};

/** A segment to save. */
export type SegmentInput = {
  /** The segment to change. Required to give it another name. Left out: the segment with this name, or a new one. */
  id?: string | number | null | undefined;
  /** The version that this one is based on. When another version was saved since, the save is refused. */
  basedOn?: number | null | undefined;
  /** The name, 1 to 100 characters. No other segment may have it; case does not matter. */
  name: string;
  /** What it is for, at most 1,000 characters. */
  description?: string | null | undefined;
  /** The condition. */
  members: CustomerCondition;
  /** The time zone of the condition, an IANA name such as Europe/London. Left out: UTC. */
  timeZone?: string | null | undefined;
};

/** A condition on the money spent in one currency. A customer without an order that counts in it does not fit. */
export type SpendCondition = {
  /** The ISO 4217 code of the currency. */
  currency: string;
  /** Gross less returns. */
  net?: DecimalRange | null | undefined;
  /** The sum of the orders' totals. */
  gross?: DecimalRange | null | undefined;
  /** The sum of the returned amounts. */
  returned?: DecimalRange | null | undefined;
  /** `returned / gross`, from 0 to 1. */
  returnRate?: FloatRange | null | undefined;
  /** Only orders placed then. Left out: all orders. */
  when?: TimeCondition | null | undefined;
};

/**
 * A condition on touchpoints. A touchpoint matches when every given list contains its value. Without lists every
 * touchpoint matches. An empty list counts as not given.
 */
export type StepInput = {
  /** The label of the step in the answer. */
  label?: string | null | undefined;
  /** The touchpoint has one of these names. */
  names?: Array<string> | null | undefined;
  /** The touchpoint is of one of these kinds. */
  kinds?: Array<string> | null | undefined;
  /** The touchpoint is on one of these channels. */
  channels?: Array<string> | null | undefined;
  /** The touchpoint has one of these campaigns. */
  campaigns?: Array<string> | null | undefined;
  /** Each of these dimensions has one of the given values. */
  where?: Array<DimensionIs> | null | undefined;
};

/** A condition on a text. Exactly one key. Texts are compared in NFC; case does not matter, except for `matches`. */
export type TextCondition =
  {   /** It is one of these. */
  in: Array<string>; startsWith?: never; endsWith?: never; contains?: never; matches?: never; }
  |  { in?: never;   /** It begins with one of these. */
  startsWith: Array<string>; endsWith?: never; contains?: never; matches?: never; }
  |  { in?: never; startsWith?: never;   /** It ends with one of these. */
  endsWith: Array<string>; contains?: never; matches?: never; }
  |  { in?: never; startsWith?: never; endsWith?: never;   /** It contains one of these. */
  contains: Array<string>; matches?: never; }
  |  { in?: never; startsWith?: never; endsWith?: never; contains?: never;   /** It has a match of this regular expression of the Rust crate `regex`, at most 256 bytes. Case matters. */
  matches: string; };

/** A step that follows in a chain. */
export type ThenCondition = {
  /** Which touchpoints. */
  what: StepInput;
  /** Their properties. All must fit. */
  where?: Array<PropertyCondition> | null | undefined;
  /** The longest time after the step before. */
  within?: string | null | undefined;
  /**
   * False: no such touchpoint came, which is true from the end of `within` on. It requires `within`. The next step
   * counts from the last step that happened.
   */
  happened?: boolean;
  /**
   * Paths of properties that have the same value as in the first touchpoint of the chain. A missing value is never the
   * same.
   */
  same?: Array<string> | null | undefined;
};

/**
 * A condition on a time `t`. Exactly one key. Durations are exact; `calendar`, `anniversary` and dates use the time
 * zone.
 */
export type TimeCondition =
  {   /** now - D < t <= now. */
  last: string; olderThan?: never; next?: never; between?: never; fixed?: never; calendar?: never; anniversary?: never; }
  |  { last?: never;   /** t <= now - D. */
  olderThan: string; next?: never; between?: never; fixed?: never; calendar?: never; anniversary?: never; }
  |  { last?: never; olderThan?: never;   /** now < t <= now + D. */
  next: string; between?: never; fixed?: never; calendar?: never; anniversary?: never; }
  |  { last?: never; olderThan?: never; next?: never;   /** now - from < t <= now - to. */
  between: AgoRange; fixed?: never; calendar?: never; anniversary?: never; }
  |  { last?: never; olderThan?: never; next?: never; between?: never;   /** since <= t < until. */
  fixed: TimeRange; calendar?: never; anniversary?: never; }
  |  { last?: never; olderThan?: never; next?: never; between?: never; fixed?: never;   /** Whole periods of the calendar. */
  calendar: CalendarRange; anniversary?: never; }
  |  { last?: never; olderThan?: never; next?: never; between?: never; fixed?: never; calendar?: never;   /** Day and month are near today. 29 February counts as 1 March in other years. */
  anniversary: DayRange; };

/** A range of times. */
export type TimeRange = {
  /** At this time or later. Left out: no bound. */
  since?: string | null | undefined;
  /** Before this time. Left out: no bound. */
  until?: string | null | undefined;
};

/** A condition on touchpoints: which, when, how many, and what came after them. */
export type TouchpointCondition = {
  /** Which touchpoints, as in journeys. */
  what: StepInput;
  /** Their properties. All must fit. */
  where?: Array<PropertyCondition> | null | undefined;
  /** When they happened. Left out: at any time. */
  when?: TimeCondition | null | undefined;
  /** Their number. `{max: 0}`: none, which also fits customers who never did anything. */
  times?: IntRange;
  /** What is counted. */
  count?: CountedAs;
  /** The sum of a property over them. Of no touchpoints, it is 0. */
  total?: PropertyTotal | null | undefined;
  /**
   * The first, or the last, touchpoint of the customer's life that fits `what` must fit `where` and `when` too, and
   * only this one counts.
   */
  only?: Occurrence | null | undefined;
  /** The steps that follow, in order. Only touchpoints that start such a chain count. */
  then?: Array<ThenCondition> | null | undefined;
};

/** A filter of touchpoints. All given conditions must hold. An empty list counts as not given. */
export type TouchpointFilter = {
  /** At this time or later. */
  since?: string | null | undefined;
  /** Before this time. */
  until?: string | null | undefined;
  /** On one of these channels. */
  channels?: Array<string> | null | undefined;
  /** Of one of these kinds. */
  kinds?: Array<string> | null | undefined;
  /** With one of these names. */
  names?: Array<string> | null | undefined;
  /** In this direction. */
  direction?: Direction | null | undefined;
};

/** A condition on a trait. */
export type TraitCondition = {
  /** The name of the trait. */
  name: string;
  /** What the value must be. */
  is: ValueCondition;
  /** Which of the kept values must fit. */
  of?: TraitValues;
  /** Only values of these provenances count. Left out: all. */
  provenance?: Array<Provenance> | null | undefined;
  /** Only values that were said at such a time count. Of a value that was said again, the last time counts. */
  said?: TimeCondition | null | undefined;
};

/** Which of the kept values of a trait must fit. */
export type TraitValues =
  /** The value that the policy shows. */
  | 'CHOSEN'
  /** At least one kept value. */
  | 'ANY'
  /** Every kept value, and there is at least one. */
  | 'EVERY';

/** A condition on a value. Exactly one key. A value of another type does not fit. */
export type ValueCondition =
  {   /** Whether there is a value that is not null. */
  exists: boolean; text?: never; number?: never; time?: never; flag?: never; list?: never; }
  |  { exists?: never;   /** The value is such a text. Of a list, any element. */
  text: TextCondition; number?: never; time?: never; flag?: never; list?: never; }
  |  { exists?: never; text?: never;   /** The value is such a number, or a text that is one. Of a list, any element. */
  number: NumberCondition; time?: never; flag?: never; list?: never; }
  |  { exists?: never; text?: never; number?: never;   /** The value is such a time: a text in RFC 3339, or a date YYYY-MM-DD. Of a list, any element. */
  time: TimeCondition; flag?: never; list?: never; }
  |  { exists?: never; text?: never; number?: never; time?: never;   /** The value is this boolean, or the text `true` or `false`. Of a list, any element. */
  flag: boolean; list?: never; }
  |  { exists?: never; text?: never; number?: never; time?: never; flag?: never;   /** The value is such a list. Another value is a list of one. */
  list: ListCondition; };

export type CustomerOverviewQueryVariables = Exact<{
  id: string | number;
  asOf?: string | null | undefined;
}>;


export type CustomerOverviewQuery = { customer: { id: string, asOf: string | null, displayName: string | null, createdAt: string, formerIds: Array<string>, current: { id: string } | null, activity: { id: string, firstSeenAt: string | null, lastSeenAt: string | null, touchpointCount: number, orderCount: number, channels: Array<{ channel: string, touchpoints: number, lastAt: string }> }, spend: Array<{ currency: string, orderCount: number, returnRate: number, gross: { amount: string, currency: string }, returned: { amount: string, currency: string }, net: { amount: string, currency: string } }>, consents: Array<{ purpose: string, channel: string | null, status: ConsentStatus, at: string, expiresAt: string | null, source: string, identifier: { id: string, kind: string, value: string } }>, traits: Array<{ name: string, value: unknown, masked: boolean, provenance: Provenance, at: string, source: string }>, identifiers: { totalCount: number | null, nodes: Array<{ id: string, kind: string, value: string, masked: boolean, shared: boolean, firstSeenAt: string, lastSeenAt: string }> }, inCart: ProductsFragment, wished: ProductsFragment, bought: ProductsFragment, returned: ProductsFragment } | null };

export type ProductsFragment = { totalCount: number | null, nodes: Array<{ at: string, quantity: number | null, product: { id: string, sku: string, name: string | null, category: string | null } }> };

export type CustomerTimelineQueryVariables = Exact<{
  id: string | number;
  since?: string | null | undefined;
  until?: string | null | undefined;
  buckets: number;
}>;


export type CustomerTimelineQuery = { customer: { id: string, activity: { id: string, timeline: { since: string, until: string, lanes: Array<{ channel: string, counts: Array<number> }> } | null } } | null };

export type CustomerTouchpointsQueryVariables = Exact<{
  id: string | number;
  filter?: TouchpointFilter | null | undefined;
  after?: string | null | undefined;
  first?: number | null | undefined;
}>;


export type CustomerTouchpointsQuery = { customer: { id: string, touchpoints: { totalCount: number | null, nodes: Array<{ id: string, messageId: string, at: string, kind: string, name: string, channel: string, direction: Direction, source: string, properties: unknown, campaign: { name: string | null } | null, device: { id: string, kind: string, os: string | null, model: string | null } | null, order: { id: string, number: string, net: { amount: string, currency: string } } | null, identifier: { id: string, kind: string, value: string } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type IdentityGraphQueryVariables = Exact<{
  id: string | number;
  asOf?: string | null | undefined;
}>;


export type IdentityGraphQuery = { customer: { id: string, asOf: string | null, displayName: string | null, createdAt: string, identifiers: { totalCount: number | null, nodes: Array<{ id: string, kind: string, value: string, masked: boolean, shared: boolean, firstSeenAt: string, lastSeenAt: string }> }, links: { totalCount: number | null, nodes: Array<LinkFragment> }, devices: { totalCount: number | null, nodes: Array<{ id: string, kind: string, os: string | null, model: string | null, firstSeenAt: string, lastSeenAt: string, identifiers: Array<{ id: string }> }> }, orders: { totalCount: number | null, nodes: Array<{ id: string, number: string, placedAt: string, status: OrderStatus, net: { amount: string, currency: string } }> }, ordering: { nodes: Array<{ id: string, messageId: string, at: string, identifier: { id: string }, order: { id: string } | null }> } } | null };

export type LinkFragment = { id: string, rule: string, firstAt: string, lastAt: string, count: number, messageId: string, source: string, refused: string | null, from: { id: string, kind: string, value: string, shared: boolean, customer: { id: string, displayName: string | null } | null }, to: { id: string, kind: string, value: string, shared: boolean, customer: { id: string, displayName: string | null } | null } };

export type IdentityHistoryQueryVariables = Exact<{
  id: string | number;
  after?: string | null | undefined;
}>;


export type IdentityHistoryQuery = { customer: { id: string, createdAt: string, identityHistory: { nodes: Array<{ id: string, at: string, kind: IdentityEventKind, rule: string | null, by: string | null, reason: string | null, messageId: string | null, otherCustomerIds: Array<string>, identifiers: Array<{ id: string, kind: string, value: string }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type WhyLinkedQueryVariables = Exact<{
  from: IdentifierInput;
  to: IdentifierInput;
}>;


export type WhyLinkedQuery = { whyLinked: { sameCustomer: boolean, path: Array<{ id: string, kind: string, value: string }>, steps: Array<LinkFragment> } | null };

export type SplitTrialQueryVariables = Exact<{
  id: string | number;
  identifiers: Array<IdentifierInput> | IdentifierInput;
}>;


export type SplitTrialQuery = { customerSplitTrial: TrialFragment | null };

export type MergeTrialQueryVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type MergeTrialQuery = { customerMergeTrial: TrialFragment | null };

export type TrialFragment = { customers: Array<{ customerId: string | null, displayName: string | null, touchpointCount: number, orderCount: number, identifiers: Array<{ id: string, kind: string, value: string }>, spend: Array<{ currency: string, net: { amount: string, currency: string } }> }>, problems: Array<{ code: ProblemCode, message: string }> };

export type SplitMutationVariables = Exact<{
  id: string | number;
  identifiers: Array<IdentifierInput> | IdentifierInput;
  reason: string;
}>;


export type SplitMutation = { customerSplit: { status: MutationStatus, created: { id: string, displayName: string | null } | null, problems: Array<{ code: ProblemCode, message: string }> } | null };

export type MergeMutationVariables = Exact<{
  ids: Array<string | number> | string | number;
  reason: string;
}>;


export type MergeMutation = { customerMerge: { status: MutationStatus, customer: { id: string } | null, problems: Array<{ code: ProblemCode, message: string }> } | null };

export type KeepApartMutationVariables = Exact<{
  ids: Array<string | number> | string | number;
  reason: string;
}>;


export type KeepApartMutation = { customersKeepApart: { status: MutationStatus, problems: Array<{ code: ProblemCode, message: string }> } | null };

export type IdentityHealthQueryVariables = Exact<{ [key: string]: never; }>;


export type IdentityHealthQuery = { identityHealth: { customers: number, identifiers: number, merges: number, splits: number, shared: number, identifiersPerCustomer: Array<{ from: number, to: number, count: number }>, refused: Array<{ rule: string, count: number }>, largest: Array<{ id: string, displayName: string | null, identifiers: { totalCount: number | null } }> } | null };

export type RulesFragment = { version: number, savedAt: string, savedBy: string, note: string | null, blocked: Array<string>, maxIdentifiers: number, sessionGap: string, phoneCountry: string, kinds: Array<{ name: string, priority: number, from: Array<string>, parts: Array<string>, except: Array<string>, normalise: string | null, blocked: Array<string>, limit: number | null, device: boolean, merges: boolean }> };

export type PresentRulesQueryVariables = Exact<{ [key: string]: never; }>;


export type PresentRulesQuery = { identityRules: RulesFragment | null };

export type RulesTrialQueryVariables = Exact<{
  rules: IdentityRulesInput;
}>;


export type RulesTrialQuery = { identityRulesTrial: { customersNow: number, customersThen: number, splits: number, joins: number, examples: Array<{ reason: string, customers: Array<{ id: string, displayName: string | null }>, groups: Array<{ identifiers: Array<{ kind: string, value: string }> }> }>, problems: Array<{ code: ProblemCode, path: string | null, message: string }> } | null };

export type SaveRulesMutationVariables = Exact<{
  rules: IdentityRulesInput;
}>;


export type SaveRulesMutation = { identityRulesSave: { status: MutationStatus, change: string | null, rules: { version: number } | null, problems: Array<{ code: ProblemCode, path: string | null, message: string }> } | null };

export type GreetQueryVariables = Exact<{
  identifiers: Array<IdentifierInput> | IdentifierInput;
  number: string;
}>;


export type GreetQuery = { identifiersBy: Array<{ id: string, kind: string, value: string, shared: boolean, customer: GuestFragment | null, candidates: Array<{ score: number, reasons: Array<string>, customer: GuestFragment }> } | null>, byOrder: GuestFragment | null };

export type GuestFragment = { id: string, displayName: string | null, createdAt: string, activity: { id: string, lastSeenAt: string | null, orderCount: number, channels: Array<{ channel: string, lastAt: string }> }, spend: Array<{ currency: string, returnRate: number, net: { amount: string, currency: string } }>, orders: { nodes: Array<{ id: string, number: string, placedAt: string, status: OrderStatus, net: { amount: string, currency: string }, lines: Array<{ product: { id: string, sku: string, name: string | null } }> }> }, consents: Array<{ purpose: string, channel: string | null, status: ConsentStatus, at: string }>, inCart: { nodes: Array<{ product: { id: string, sku: string, name: string | null } }> }, wished: { nodes: Array<{ product: { id: string, sku: string, name: string | null } }> } };

export type JourneyPopulationQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
}>;


export type JourneyPopulationQuery = { journeys: { population: { customers: number, journeys: number, touchpoints: number, unowned: number, hiddenByConsent: number } | null } | null };

export type JourneyValuesQueryVariables = Exact<{
  dimension: string;
}>;


export type JourneyValuesQuery = { journeys: { transitions: { nodes: Array<{ value: string, touchpoints: number }> } | null } | null };

export type SegmentNamesQueryVariables = Exact<{ [key: string]: never; }>;


export type SegmentNamesQuery = { segments: { nodes: Array<{ name: string }> } };

export type FunnelStepIdsQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
  steps: Array<StepInput> | StepInput;
  within?: string | null | undefined;
  breakdown?: string | null | undefined;
  top?: number;
}>;


export type FunnelStepIdsQuery = { journeys: { funnel: { steps: Array<{ id: string, number: number }>, groups: Array<{ value: string, steps: Array<{ id: string, number: number }> }> } | null } | null };

export type StepReachedQueryVariables = Exact<{
  step: string | number;
  after?: string | null | undefined;
}>;


export type StepReachedQuery = { node:
    | { customersReached: PeopleFragment }
    | Record<PropertyKey, never>
   | null };

export type StepDroppedQueryVariables = Exact<{
  step: string | number;
  after?: string | null | undefined;
}>;


export type StepDroppedQuery = { node:
    | { customersDropped: PeopleFragment }
    | Record<PropertyKey, never>
   | null };

export type PatternFiguresQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
  pattern: string;
}>;


export type PatternFiguresQuery = { journeys: { match: { journeys: number, share: number, occurrences: number, unknownValues: Array<string> } | null } | null };

export type PatternPeopleQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
  pattern: string;
  after?: string | null | undefined;
}>;


export type PatternPeopleQuery = { journeys: { match: { customers: PeopleFragment } | null } | null };

export type PeopleFragment = { totalCount: number | null, nodes: Array<{ id: string, displayName: string | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } };

export type LiveChangesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  kinds?: Array<ChangeKind> | ChangeKind | null | undefined;
  customer?: string | number | null | undefined;
}>;


export type LiveChangesSubscription = { changes: LiveChangeFragment };

export type LastChangeQueryVariables = Exact<{ [key: string]: never; }>;


export type LastChangeQuery = { status: { change: string } };

export type PastChangesQueryVariables = Exact<{
  after?: string | null | undefined;
  kinds?: Array<ChangeKind> | ChangeKind | null | undefined;
  customer?: string | number | null | undefined;
  first?: number | null | undefined;
}>;


export type PastChangesQuery = { changes: { nodes: Array<LiveChangeFragment>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type LiveChangeFragment = { cursor: string, at: string, kind: ChangeKind, customerId: string | null, otherCustomerIds: Array<string>, messageId: string | null, rule: string | null, reason: string | null, customer: { id: string, displayName: string | null } | null, touchpoint: { id: string, name: string, channel: string, at: string } | null, order: { id: string, number: string, net: { amount: string, currency: string } } | null, consent: { purpose: string, channel: string | null, status: ConsentStatus } | null, identifiers: Array<{ id: string, kind: string, value: string }> };

export type IdentifierKindsQueryVariables = Exact<{ [key: string]: never; }>;


export type IdentifierKindsQuery = { identityRules: { kinds: Array<{ name: string }> } | null, status: { customers: number, touchpoints: number, store: string } };

export type SearchQueryVariables = Exact<{
  text: string;
  identifiers: Array<IdentifierInput> | IdentifierInput;
  first?: number | null | undefined;
}>;


export type SearchQuery = { identifiersBy: Array<{ id: string, kind: string, value: string, shared: boolean, customer: FoundFragment | null, candidates: Array<{ score: number, customer: FoundFragment }> } | null>, byOrder: FoundFragment | null, touchpoint: { id: string, name: string, customer: FoundFragment | null } | null, customers: { nodes: Array<FoundFragment>, pageInfo: { hasNextPage: boolean } } };

export type RecentCustomersQueryVariables = Exact<{
  first?: number | null | undefined;
}>;


export type RecentCustomersQuery = { customers: { nodes: Array<FoundFragment> } };

export type FoundFragment = { id: string, displayName: string | null, createdAt: string, identifiers: { nodes: Array<{ id: string, kind: string, value: string }> }, activity: { id: string, touchpointCount: number, lastSeenAt: string | null } };

export type OccurringWithCustomersQueryVariables = Exact<{ [key: string]: never; }>;


export type OccurringWithCustomersQuery = { customers: { nodes: Array<{ traits: Array<{ name: string, value: unknown, masked: boolean }>, consents: Array<{ purpose: string }>, spend: Array<{ net: { currency: string } }>, devices: { nodes: Array<{ kind: string }> } }> } };

export type OccurringIdentifierKindsQueryVariables = Exact<{ [key: string]: never; }>;


export type OccurringIdentifierKindsQuery = { identityRules: { kinds: Array<{ name: string }> } | null };

export type SegmentsQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type SegmentsQuery = { segments: { totalCount: number | null, nodes: Array<{ id: string, name: string, description: string | null, version: number, timeZone: string, savedAt: string, savedBy: string }> } };

export type SegmentConditionQueryVariables = Exact<{
  name: string;
}>;


export type SegmentConditionQuery = { segment: { definition: unknown, sentence: string } | null };

export type SegmentSizeQueryVariables = Exact<{
  name: string;
}>;


export type SegmentSizeQuery = { segment: { size: number | null } | null };

export type SegmentMembersQueryVariables = Exact<{
  name: string;
}>;


export type SegmentMembersQuery = { segment: { size: number | null, misfits: Array<{ trait: string, count: number, example: unknown }>, nearMisses: { nodes: Array<{ customer: { id: string, displayName: string | null }, fails: { sentence: string } }> }, customers: { nodes: Array<{ id: string, displayName: string | null }> } } | null };

export type ConditionTrialQueryVariables = Exact<{
  members: CustomerCondition;
  timeZone?: string | null | undefined;
}>;


export type ConditionTrialQuery = { segmentTrial: { sentence: string, sizeThen: number, lines: Array<{ path: string, sentence: string, alone: number, without: number }>, misfits: Array<{ trait: string, count: number, example: unknown }>, examples: Array<{ id: string, displayName: string | null }>, problems: Array<{ code: ProblemCode, path: string | null, message: string }> } | null };

export type SaveSegmentMutationVariables = Exact<{
  input: SegmentInput;
}>;


export type SaveSegmentMutation = { segmentSave: { status: MutationStatus, segment: { id: string, name: string, version: number } | null, problems: Array<{ code: ProblemCode, path: string | null, message: string }> } | null };

export type DeleteSegmentMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteSegmentMutation = { segmentDelete: { status: MutationStatus, deletedId: string | null, problems: Array<{ code: ProblemCode, path: string | null, message: string }> } | null };

export type AttributionPictureQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
  goal: StepInput;
  touches?: StepInput | null | undefined;
  dimension?: string;
  lookback?: string;
  halfLife?: string;
  models: Array<AttributionModel> | AttributionModel;
  top?: number;
}>;


export type AttributionPictureQuery = { journeys: { changeNumber: number, attribution: { conversions: number, unknownValues: Array<string>, value: Array<{ amount: string, currency: string }>, models: Array<{ model: AttributionModel, rows: Array<{ value: string, conversions: number, credit: number, worth: Array<{ amount: string, currency: string }> }> }> } | null } | null };

export type ComparisonPictureQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
  with: JourneyScope;
  top?: number;
}>;


export type ComparisonPictureQuery = { journeys: { changeNumber: number, compare: { a: { journeys: number }, b: { journeys: number }, links: Array<{ from: string, to: string, shareA: number, shareB: number, difference: number }> } | null } | null };

export type FlowPictureQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
  anchor: StepInput;
  stepsBefore?: number;
  stepsAfter?: number;
  top?: number;
}>;


export type FlowPictureQuery = { journeys: { changeNumber: number, flow: { journeys: number, unknownValues: Array<string>, columns: Array<{ step: number, total: number, entries: Array<{ value: string, kind: FlowEntryKind, journeys: number, share: number }> }>, links: Array<{ step: number, from: string, fromKind: FlowEntryKind, to: string, toKind: FlowEntryKind, journeys: number }> } | null } | null };

export type FunnelPictureQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
  steps: Array<StepInput> | StepInput;
  within?: string | null | undefined;
  breakdown?: string | null | undefined;
  top?: number;
}>;


export type FunnelPictureQuery = { journeys: { changeNumber: number, funnel: { entered: number, unknownValues: Array<string>, steps: Array<PictureStepFragment>, groups: Array<{ value: string, steps: Array<PictureStepFragment> }> } | null } | null };

export type PictureStepFragment = { number: number, label: string, reached: number, dropped: number, ofFirst: number, ofPrevious: number, medianSecondsFromPrevious: number | null };

export type PathsPictureQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
  to?: StepInput | null | undefined;
  within?: string | null | undefined;
  top?: number;
  collapse?: boolean;
  maxLength?: number;
}>;


export type PathsPictureQuery = { journeys: { changeNumber: number, paths: { total: number, other: number, unknownValues: Array<string>, paths: Array<{ values: Array<string>, journeys: number, share: number, medianSeconds: number | null }> } | null } | null };

export type TimeBetweenPictureQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
  from: StepInput;
  to: StepInput;
  buckets?: number;
}>;


export type TimeBetweenPictureQuery = { journeys: { changeNumber: number, timeBetween: { pairs: number, never: number, unknownValues: Array<string>, medianSeconds: number | null, p90Seconds: number | null, histogram: Array<{ fromSeconds: number, toSeconds: number, count: number }> } | null } | null };

export type TransitionsPictureQueryVariables = Exact<{
  scope?: JourneyScope | null | undefined;
  top?: number;
}>;


export type TransitionsPictureQuery = { journeys: { changeNumber: number, transitions: { total: number, other: number, nodes: Array<{ value: string, touchpoints: number, journeys: number }>, links: Array<{ from: string, to: string, count: number, journeys: number, share: number, shareOfFrom: number, medianSeconds: number | null }> } | null } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const ProductsFragmentDoc = new TypedDocumentString(`
    fragment Products on CustomerProductConnection {
  totalCount
  nodes {
    at
    quantity
    product {
      id
      sku
      name
      category
    }
  }
}
    `, {"fragmentName":"Products"}) as unknown as TypedDocumentString<ProductsFragment, unknown>;
export const LinkFragmentDoc = new TypedDocumentString(`
    fragment Link on IdentifierLink {
  id
  rule
  firstAt
  lastAt
  count
  messageId
  source
  refused
  from {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
  to {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
}
    `, {"fragmentName":"Link"}) as unknown as TypedDocumentString<LinkFragment, unknown>;
export const TrialFragmentDoc = new TypedDocumentString(`
    fragment Trial on CustomersTrial {
  customers {
    customerId
    displayName
    touchpointCount
    orderCount
    identifiers {
      id
      kind
      value
    }
    spend {
      currency
      net {
        amount
        currency
      }
    }
  }
  problems {
    code
    message
  }
}
    `, {"fragmentName":"Trial"}) as unknown as TypedDocumentString<TrialFragment, unknown>;
export const RulesFragmentDoc = new TypedDocumentString(`
    fragment Rules on IdentityRules {
  version
  savedAt
  savedBy
  note
  kinds {
    name
    priority
    from
    parts
    except
    normalise
    blocked
    limit
    device
    merges
  }
  blocked
  maxIdentifiers
  sessionGap
  phoneCountry
}
    `, {"fragmentName":"Rules"}) as unknown as TypedDocumentString<RulesFragment, unknown>;
export const GuestFragmentDoc = new TypedDocumentString(`
    fragment Guest on Customer {
  id
  displayName
  createdAt
  activity {
    id
    lastSeenAt
    orderCount
    channels {
      channel
      lastAt
    }
  }
  spend {
    currency
    net {
      amount
      currency
    }
    returnRate
  }
  orders(first: 1) {
    nodes {
      id
      number
      placedAt
      status
      net {
        amount
        currency
      }
      lines(first: 3) {
        product {
          id
          sku
          name
        }
      }
    }
  }
  consents {
    purpose
    channel
    status
    at
  }
  inCart: products(relation: IN_CART, first: 3) {
    nodes {
      product {
        id
        sku
        name
      }
    }
  }
  wished: products(relation: WISHED, first: 3) {
    nodes {
      product {
        id
        sku
        name
      }
    }
  }
}
    `, {"fragmentName":"Guest"}) as unknown as TypedDocumentString<GuestFragment, unknown>;
export const PeopleFragmentDoc = new TypedDocumentString(`
    fragment People on CustomerConnection {
  totalCount
  nodes {
    id
    displayName
  }
  pageInfo {
    hasNextPage
    endCursor
  }
}
    `, {"fragmentName":"People"}) as unknown as TypedDocumentString<PeopleFragment, unknown>;
export const LiveChangeFragmentDoc = new TypedDocumentString(`
    fragment LiveChange on Change {
  cursor
  at
  kind
  customerId
  customer {
    id
    displayName
  }
  otherCustomerIds
  touchpoint {
    id
    name
    channel
    at
  }
  order {
    id
    number
    net {
      amount
      currency
    }
  }
  consent {
    purpose
    channel
    status
  }
  identifiers {
    id
    kind
    value
  }
  messageId
  rule
  reason
}
    `, {"fragmentName":"LiveChange"}) as unknown as TypedDocumentString<LiveChangeFragment, unknown>;
export const FoundFragmentDoc = new TypedDocumentString(`
    fragment Found on Customer {
  id
  displayName
  createdAt
  identifiers(first: 3) {
    nodes {
      id
      kind
      value
    }
  }
  activity {
    id
    touchpointCount
    lastSeenAt
  }
}
    `, {"fragmentName":"Found"}) as unknown as TypedDocumentString<FoundFragment, unknown>;
export const PictureStepFragmentDoc = new TypedDocumentString(`
    fragment PictureStep on FunnelStep {
  number
  label
  reached
  dropped
  ofFirst
  ofPrevious
  medianSecondsFromPrevious
}
    `, {"fragmentName":"PictureStep"}) as unknown as TypedDocumentString<PictureStepFragment, unknown>;
export const CustomerOverviewDocument = new TypedDocumentString(`
    query CustomerOverview($id: ID!, $asOf: DateTime) {
  customer(by: {id: $id}, asOf: $asOf) {
    id
    asOf
    displayName
    createdAt
    formerIds
    current {
      id
    }
    activity {
      id
      firstSeenAt
      lastSeenAt
      touchpointCount
      orderCount
      channels {
        channel
        touchpoints
        lastAt
      }
    }
    spend {
      currency
      gross {
        amount
        currency
      }
      returned {
        amount
        currency
      }
      net {
        amount
        currency
      }
      orderCount
      returnRate
    }
    consents {
      purpose
      channel
      status
      at
      expiresAt
      source
      identifier {
        id
        kind
        value
      }
    }
    traits {
      name
      value
      masked
      provenance
      at
      source
    }
    identifiers(first: 100) {
      totalCount
      nodes {
        id
        kind
        value
        masked
        shared
        firstSeenAt
        lastSeenAt
      }
    }
    inCart: products(relation: IN_CART, first: 20) {
      ...Products
    }
    wished: products(relation: WISHED, first: 20) {
      ...Products
    }
    bought: products(relation: BOUGHT, first: 20) {
      ...Products
    }
    returned: products(relation: RETURNED, first: 20) {
      ...Products
    }
  }
}
    fragment Products on CustomerProductConnection {
  totalCount
  nodes {
    at
    quantity
    product {
      id
      sku
      name
      category
    }
  }
}`) as unknown as TypedDocumentString<CustomerOverviewQuery, CustomerOverviewQueryVariables>;
export const CustomerTimelineDocument = new TypedDocumentString(`
    query CustomerTimeline($id: ID!, $since: DateTime, $until: DateTime, $buckets: Int!) {
  customer(by: {id: $id}) {
    id
    activity {
      id
      timeline(since: $since, until: $until, buckets: $buckets) {
        since
        until
        lanes {
          channel
          counts
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<CustomerTimelineQuery, CustomerTimelineQueryVariables>;
export const CustomerTouchpointsDocument = new TypedDocumentString(`
    query CustomerTouchpoints($id: ID!, $filter: TouchpointFilter, $after: String, $first: Int = 100) {
  customer(by: {id: $id}) {
    id
    touchpoints(filter: $filter, first: $first, after: $after) {
      totalCount
      nodes {
        id
        messageId
        at
        kind
        name
        channel
        direction
        source
        campaign {
          name
        }
        device {
          id
          kind
          os
          model
        }
        order {
          id
          number
          net {
            amount
            currency
          }
        }
        identifier {
          id
          kind
          value
        }
        properties
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<CustomerTouchpointsQuery, CustomerTouchpointsQueryVariables>;
export const IdentityGraphDocument = new TypedDocumentString(`
    query IdentityGraph($id: ID!, $asOf: DateTime) {
  customer(by: {id: $id}, asOf: $asOf) {
    id
    asOf
    displayName
    createdAt
    identifiers(first: 100) {
      totalCount
      nodes {
        id
        kind
        value
        masked
        shared
        firstSeenAt
        lastSeenAt
      }
    }
    links(first: 100) {
      totalCount
      nodes {
        ...Link
      }
    }
    devices(first: 100) {
      totalCount
      nodes {
        id
        kind
        os
        model
        firstSeenAt
        lastSeenAt
        identifiers {
          id
        }
      }
    }
    orders(first: 100) {
      totalCount
      nodes {
        id
        number
        placedAt
        status
        net {
          amount
          currency
        }
      }
    }
    ordering: touchpoints(filter: {kinds: ["order"]}, first: 100) {
      nodes {
        id
        messageId
        at
        identifier {
          id
        }
        order {
          id
        }
      }
    }
  }
}
    fragment Link on IdentifierLink {
  id
  rule
  firstAt
  lastAt
  count
  messageId
  source
  refused
  from {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
  to {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
}`) as unknown as TypedDocumentString<IdentityGraphQuery, IdentityGraphQueryVariables>;
export const IdentityHistoryDocument = new TypedDocumentString(`
    query IdentityHistory($id: ID!, $after: String) {
  customer(by: {id: $id}) {
    id
    createdAt
    identityHistory(first: 100, after: $after) {
      nodes {
        id
        at
        kind
        rule
        by
        reason
        messageId
        otherCustomerIds
        identifiers {
          id
          kind
          value
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<IdentityHistoryQuery, IdentityHistoryQueryVariables>;
export const WhyLinkedDocument = new TypedDocumentString(`
    query WhyLinked($from: IdentifierInput!, $to: IdentifierInput!) {
  whyLinked(from: $from, to: $to) {
    sameCustomer
    path {
      id
      kind
      value
    }
    steps {
      ...Link
    }
  }
}
    fragment Link on IdentifierLink {
  id
  rule
  firstAt
  lastAt
  count
  messageId
  source
  refused
  from {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
  to {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
}`) as unknown as TypedDocumentString<WhyLinkedQuery, WhyLinkedQueryVariables>;
export const SplitTrialDocument = new TypedDocumentString(`
    query SplitTrial($id: ID!, $identifiers: [IdentifierInput!]!) {
  customerSplitTrial(id: $id, identifiers: $identifiers) {
    ...Trial
  }
}
    fragment Trial on CustomersTrial {
  customers {
    customerId
    displayName
    touchpointCount
    orderCount
    identifiers {
      id
      kind
      value
    }
    spend {
      currency
      net {
        amount
        currency
      }
    }
  }
  problems {
    code
    message
  }
}`) as unknown as TypedDocumentString<SplitTrialQuery, SplitTrialQueryVariables>;
export const MergeTrialDocument = new TypedDocumentString(`
    query MergeTrial($ids: [ID!]!) {
  customerMergeTrial(ids: $ids) {
    ...Trial
  }
}
    fragment Trial on CustomersTrial {
  customers {
    customerId
    displayName
    touchpointCount
    orderCount
    identifiers {
      id
      kind
      value
    }
    spend {
      currency
      net {
        amount
        currency
      }
    }
  }
  problems {
    code
    message
  }
}`) as unknown as TypedDocumentString<MergeTrialQuery, MergeTrialQueryVariables>;
export const SplitDocument = new TypedDocumentString(`
    mutation Split($id: ID!, $identifiers: [IdentifierInput!]!, $reason: String!) {
  customerSplit(id: $id, identifiers: $identifiers, reason: $reason) {
    status
    created {
      id
      displayName
    }
    problems {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SplitMutation, SplitMutationVariables>;
export const MergeDocument = new TypedDocumentString(`
    mutation Merge($ids: [ID!]!, $reason: String!) {
  customerMerge(ids: $ids, reason: $reason) {
    status
    customer {
      id
    }
    problems {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<MergeMutation, MergeMutationVariables>;
export const KeepApartDocument = new TypedDocumentString(`
    mutation KeepApart($ids: [ID!]!, $reason: String!) {
  customersKeepApart(ids: $ids, reason: $reason) {
    status
    problems {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<KeepApartMutation, KeepApartMutationVariables>;
export const IdentityHealthDocument = new TypedDocumentString(`
    query IdentityHealth {
  identityHealth {
    customers
    identifiers
    identifiersPerCustomer {
      from
      to
      count
    }
    merges
    splits
    refused {
      rule
      count
    }
    shared
    largest {
      id
      displayName
      identifiers(first: 0) {
        totalCount
      }
    }
  }
}
    `) as unknown as TypedDocumentString<IdentityHealthQuery, IdentityHealthQueryVariables>;
export const PresentRulesDocument = new TypedDocumentString(`
    query PresentRules {
  identityRules {
    ...Rules
  }
}
    fragment Rules on IdentityRules {
  version
  savedAt
  savedBy
  note
  kinds {
    name
    priority
    from
    parts
    except
    normalise
    blocked
    limit
    device
    merges
  }
  blocked
  maxIdentifiers
  sessionGap
  phoneCountry
}`) as unknown as TypedDocumentString<PresentRulesQuery, PresentRulesQueryVariables>;
export const RulesTrialDocument = new TypedDocumentString(`
    query RulesTrial($rules: IdentityRulesInput!) {
  identityRulesTrial(rules: $rules) {
    customersNow
    customersThen
    splits
    joins
    examples(first: 20) {
      reason
      customers {
        id
        displayName
      }
      groups {
        identifiers {
          kind
          value
        }
      }
    }
    problems {
      code
      path
      message
    }
  }
}
    `) as unknown as TypedDocumentString<RulesTrialQuery, RulesTrialQueryVariables>;
export const SaveRulesDocument = new TypedDocumentString(`
    mutation SaveRules($rules: IdentityRulesInput!) {
  identityRulesSave(rules: $rules) {
    status
    change
    rules {
      version
    }
    problems {
      code
      path
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SaveRulesMutation, SaveRulesMutationVariables>;
export const GreetDocument = new TypedDocumentString(`
    query Greet($identifiers: [IdentifierInput!]!, $number: String!) {
  identifiersBy(keys: $identifiers) {
    id
    kind
    value
    shared
    customer {
      ...Guest
    }
    candidates {
      score
      reasons
      customer {
        ...Guest
      }
    }
  }
  byOrder: customer(by: {order: {number: $number}}) {
    ...Guest
  }
}
    fragment Guest on Customer {
  id
  displayName
  createdAt
  activity {
    id
    lastSeenAt
    orderCount
    channels {
      channel
      lastAt
    }
  }
  spend {
    currency
    net {
      amount
      currency
    }
    returnRate
  }
  orders(first: 1) {
    nodes {
      id
      number
      placedAt
      status
      net {
        amount
        currency
      }
      lines(first: 3) {
        product {
          id
          sku
          name
        }
      }
    }
  }
  consents {
    purpose
    channel
    status
    at
  }
  inCart: products(relation: IN_CART, first: 3) {
    nodes {
      product {
        id
        sku
        name
      }
    }
  }
  wished: products(relation: WISHED, first: 3) {
    nodes {
      product {
        id
        sku
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<GreetQuery, GreetQueryVariables>;
export const JourneyPopulationDocument = new TypedDocumentString(`
    query JourneyPopulation($scope: JourneyScope) {
  journeys(scope: $scope) {
    population {
      customers
      journeys
      touchpoints
      unowned
      hiddenByConsent
    }
  }
}
    `) as unknown as TypedDocumentString<JourneyPopulationQuery, JourneyPopulationQueryVariables>;
export const JourneyValuesDocument = new TypedDocumentString(`
    query JourneyValues($dimension: String!) {
  journeys(scope: {dimension: $dimension}) {
    transitions(top: 500) {
      nodes {
        value
        touchpoints
      }
    }
  }
}
    `) as unknown as TypedDocumentString<JourneyValuesQuery, JourneyValuesQueryVariables>;
export const SegmentNamesDocument = new TypedDocumentString(`
    query SegmentNames {
  segments(first: 100) {
    nodes {
      name
    }
  }
}
    `) as unknown as TypedDocumentString<SegmentNamesQuery, SegmentNamesQueryVariables>;
export const FunnelStepIdsDocument = new TypedDocumentString(`
    query FunnelStepIds($scope: JourneyScope, $steps: [StepInput!]!, $within: Duration, $breakdown: String, $top: Int! = 20) {
  journeys(scope: $scope) {
    funnel(steps: $steps, within: $within, breakdown: $breakdown, top: $top) {
      steps {
        id
        number
      }
      groups {
        value
        steps {
          id
          number
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<FunnelStepIdsQuery, FunnelStepIdsQueryVariables>;
export const StepReachedDocument = new TypedDocumentString(`
    query StepReached($step: ID!, $after: String) {
  node(id: $step) {
    ... on FunnelStep {
      customersReached(first: 20, after: $after) {
        ...People
      }
    }
  }
}
    fragment People on CustomerConnection {
  totalCount
  nodes {
    id
    displayName
  }
  pageInfo {
    hasNextPage
    endCursor
  }
}`) as unknown as TypedDocumentString<StepReachedQuery, StepReachedQueryVariables>;
export const StepDroppedDocument = new TypedDocumentString(`
    query StepDropped($step: ID!, $after: String) {
  node(id: $step) {
    ... on FunnelStep {
      customersDropped(first: 20, after: $after) {
        ...People
      }
    }
  }
}
    fragment People on CustomerConnection {
  totalCount
  nodes {
    id
    displayName
  }
  pageInfo {
    hasNextPage
    endCursor
  }
}`) as unknown as TypedDocumentString<StepDroppedQuery, StepDroppedQueryVariables>;
export const PatternFiguresDocument = new TypedDocumentString(`
    query PatternFigures($scope: JourneyScope, $pattern: String!) {
  journeys(scope: $scope) {
    match(pattern: $pattern) {
      journeys
      share
      occurrences
      unknownValues
    }
  }
}
    `) as unknown as TypedDocumentString<PatternFiguresQuery, PatternFiguresQueryVariables>;
export const PatternPeopleDocument = new TypedDocumentString(`
    query PatternPeople($scope: JourneyScope, $pattern: String!, $after: String) {
  journeys(scope: $scope) {
    match(pattern: $pattern) {
      customers(first: 20, after: $after) {
        ...People
      }
    }
  }
}
    fragment People on CustomerConnection {
  totalCount
  nodes {
    id
    displayName
  }
  pageInfo {
    hasNextPage
    endCursor
  }
}`) as unknown as TypedDocumentString<PatternPeopleQuery, PatternPeopleQueryVariables>;
export const LiveChangesDocument = new TypedDocumentString(`
    subscription LiveChanges($after: String, $kinds: [ChangeKind!], $customer: ID) {
  changes(after: $after, kinds: $kinds, customer: $customer) {
    ...LiveChange
  }
}
    fragment LiveChange on Change {
  cursor
  at
  kind
  customerId
  customer {
    id
    displayName
  }
  otherCustomerIds
  touchpoint {
    id
    name
    channel
    at
  }
  order {
    id
    number
    net {
      amount
      currency
    }
  }
  consent {
    purpose
    channel
    status
  }
  identifiers {
    id
    kind
    value
  }
  messageId
  rule
  reason
}`) as unknown as TypedDocumentString<LiveChangesSubscription, LiveChangesSubscriptionVariables>;
export const LastChangeDocument = new TypedDocumentString(`
    query LastChange {
  status {
    change
  }
}
    `) as unknown as TypedDocumentString<LastChangeQuery, LastChangeQueryVariables>;
export const PastChangesDocument = new TypedDocumentString(`
    query PastChanges($after: String, $kinds: [ChangeKind!], $customer: ID, $first: Int = 100) {
  changes(after: $after, kinds: $kinds, customer: $customer, first: $first) {
    nodes {
      ...LiveChange
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment LiveChange on Change {
  cursor
  at
  kind
  customerId
  customer {
    id
    displayName
  }
  otherCustomerIds
  touchpoint {
    id
    name
    channel
    at
  }
  order {
    id
    number
    net {
      amount
      currency
    }
  }
  consent {
    purpose
    channel
    status
  }
  identifiers {
    id
    kind
    value
  }
  messageId
  rule
  reason
}`) as unknown as TypedDocumentString<PastChangesQuery, PastChangesQueryVariables>;
export const IdentifierKindsDocument = new TypedDocumentString(`
    query IdentifierKinds {
  identityRules {
    kinds {
      name
    }
  }
  status {
    customers
    touchpoints
    store
  }
}
    `) as unknown as TypedDocumentString<IdentifierKindsQuery, IdentifierKindsQueryVariables>;
export const SearchDocument = new TypedDocumentString(`
    query Search($text: String!, $identifiers: [IdentifierInput!]!, $first: Int = 12) {
  identifiersBy(keys: $identifiers) {
    id
    kind
    value
    shared
    customer {
      ...Found
    }
    candidates {
      score
      customer {
        ...Found
      }
    }
  }
  byOrder: customer(by: {order: {number: $text}}) {
    ...Found
  }
  touchpoint(messageId: $text) {
    id
    name
    customer {
      ...Found
    }
  }
  customers(filter: {text: $text}, first: $first) {
    nodes {
      ...Found
    }
    pageInfo {
      hasNextPage
    }
  }
}
    fragment Found on Customer {
  id
  displayName
  createdAt
  identifiers(first: 3) {
    nodes {
      id
      kind
      value
    }
  }
  activity {
    id
    touchpointCount
    lastSeenAt
  }
}`) as unknown as TypedDocumentString<SearchQuery, SearchQueryVariables>;
export const RecentCustomersDocument = new TypedDocumentString(`
    query RecentCustomers($first: Int = 12) {
  customers(first: $first) {
    nodes {
      ...Found
    }
  }
}
    fragment Found on Customer {
  id
  displayName
  createdAt
  identifiers(first: 3) {
    nodes {
      id
      kind
      value
    }
  }
  activity {
    id
    touchpointCount
    lastSeenAt
  }
}`) as unknown as TypedDocumentString<RecentCustomersQuery, RecentCustomersQueryVariables>;
export const OccurringWithCustomersDocument = new TypedDocumentString(`
    query OccurringWithCustomers {
  customers(first: 50) {
    nodes {
      traits {
        name
        value
        masked
      }
      consents {
        purpose
      }
      spend {
        net {
          currency
        }
      }
      devices(first: 5) {
        nodes {
          kind
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<OccurringWithCustomersQuery, OccurringWithCustomersQueryVariables>;
export const OccurringIdentifierKindsDocument = new TypedDocumentString(`
    query OccurringIdentifierKinds {
  identityRules {
    kinds {
      name
    }
  }
}
    `) as unknown as TypedDocumentString<OccurringIdentifierKindsQuery, OccurringIdentifierKindsQueryVariables>;
export const SegmentsDocument = new TypedDocumentString(`
    query Segments($after: String) {
  segments(first: 100, after: $after) {
    totalCount
    nodes {
      id
      name
      description
      version
      timeZone
      savedAt
      savedBy
    }
  }
}
    `) as unknown as TypedDocumentString<SegmentsQuery, SegmentsQueryVariables>;
export const SegmentConditionDocument = new TypedDocumentString(`
    query SegmentCondition($name: String!) {
  segment(name: $name) {
    definition
    sentence
  }
}
    `) as unknown as TypedDocumentString<SegmentConditionQuery, SegmentConditionQueryVariables>;
export const SegmentSizeDocument = new TypedDocumentString(`
    query SegmentSize($name: String!) {
  segment(name: $name) {
    size
  }
}
    `) as unknown as TypedDocumentString<SegmentSizeQuery, SegmentSizeQueryVariables>;
export const SegmentMembersDocument = new TypedDocumentString(`
    query SegmentMembers($name: String!) {
  segment(name: $name) {
    size
    misfits {
      trait
      count
      example
    }
    nearMisses(first: 10) {
      nodes {
        customer {
          id
          displayName
        }
        fails {
          sentence
        }
      }
    }
    customers(first: 10) {
      nodes {
        id
        displayName
      }
    }
  }
}
    `) as unknown as TypedDocumentString<SegmentMembersQuery, SegmentMembersQueryVariables>;
export const ConditionTrialDocument = new TypedDocumentString(`
    query ConditionTrial($members: CustomerCondition!, $timeZone: String) {
  segmentTrial(members: $members, timeZone: $timeZone) {
    sentence
    sizeThen
    lines {
      path
      sentence
      alone
      without
    }
    misfits {
      trait
      count
      example
    }
    examples(first: 8) {
      id
      displayName
    }
    problems {
      code
      path
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ConditionTrialQuery, ConditionTrialQueryVariables>;
export const SaveSegmentDocument = new TypedDocumentString(`
    mutation SaveSegment($input: SegmentInput!) {
  segmentSave(input: $input) {
    status
    segment {
      id
      name
      version
    }
    problems {
      code
      path
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SaveSegmentMutation, SaveSegmentMutationVariables>;
export const DeleteSegmentDocument = new TypedDocumentString(`
    mutation DeleteSegment($id: ID!) {
  segmentDelete(id: $id) {
    status
    deletedId
    problems {
      code
      path
      message
    }
  }
}
    `) as unknown as TypedDocumentString<DeleteSegmentMutation, DeleteSegmentMutationVariables>;
export const AttributionPictureDocument = new TypedDocumentString(`
    query AttributionPicture($scope: JourneyScope, $goal: StepInput!, $touches: StepInput, $dimension: String! = "channel", $lookback: Duration! = "P30D", $halfLife: Duration! = "P7D", $models: [AttributionModel!]!, $top: Int! = 50) {
  journeys(scope: $scope) {
    changeNumber
    attribution(
      goal: $goal
      touches: $touches
      dimension: $dimension
      lookback: $lookback
      halfLife: $halfLife
      models: $models
      top: $top
    ) {
      conversions
      unknownValues
      value {
        amount
        currency
      }
      models {
        model
        rows {
          value
          conversions
          credit
          worth {
            amount
            currency
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<AttributionPictureQuery, AttributionPictureQueryVariables>;
export const ComparisonPictureDocument = new TypedDocumentString(`
    query ComparisonPicture($scope: JourneyScope, $with: JourneyScope!, $top: Int! = 50) {
  journeys(scope: $scope) {
    changeNumber
    compare(with: $with, top: $top) {
      a {
        journeys
      }
      b {
        journeys
      }
      links {
        from
        to
        shareA
        shareB
        difference
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ComparisonPictureQuery, ComparisonPictureQueryVariables>;
export const FlowPictureDocument = new TypedDocumentString(`
    query FlowPicture($scope: JourneyScope, $anchor: StepInput!, $stepsBefore: Int! = 0, $stepsAfter: Int! = 5, $top: Int! = 10) {
  journeys(scope: $scope) {
    changeNumber
    flow(
      anchor: $anchor
      stepsBefore: $stepsBefore
      stepsAfter: $stepsAfter
      top: $top
    ) {
      journeys
      unknownValues
      columns {
        step
        total
        entries {
          value
          kind
          journeys
          share
        }
      }
      links {
        step
        from
        fromKind
        to
        toKind
        journeys
      }
    }
  }
}
    `) as unknown as TypedDocumentString<FlowPictureQuery, FlowPictureQueryVariables>;
export const FunnelPictureDocument = new TypedDocumentString(`
    query FunnelPicture($scope: JourneyScope, $steps: [StepInput!]!, $within: Duration, $breakdown: String, $top: Int! = 20) {
  journeys(scope: $scope) {
    changeNumber
    funnel(steps: $steps, within: $within, breakdown: $breakdown, top: $top) {
      entered
      unknownValues
      steps {
        ...PictureStep
      }
      groups {
        value
        steps {
          ...PictureStep
        }
      }
    }
  }
}
    fragment PictureStep on FunnelStep {
  number
  label
  reached
  dropped
  ofFirst
  ofPrevious
  medianSecondsFromPrevious
}`) as unknown as TypedDocumentString<FunnelPictureQuery, FunnelPictureQueryVariables>;
export const PathsPictureDocument = new TypedDocumentString(`
    query PathsPicture($scope: JourneyScope, $to: StepInput, $within: Duration, $top: Int! = 20, $collapse: Boolean! = true, $maxLength: Int! = 20) {
  journeys(scope: $scope) {
    changeNumber
    paths(
      to: $to
      within: $within
      top: $top
      collapse: $collapse
      maxLength: $maxLength
    ) {
      total
      other
      unknownValues
      paths {
        values
        journeys
        share
        medianSeconds
      }
    }
  }
}
    `) as unknown as TypedDocumentString<PathsPictureQuery, PathsPictureQueryVariables>;
export const TimeBetweenPictureDocument = new TypedDocumentString(`
    query TimeBetweenPicture($scope: JourneyScope, $from: StepInput!, $to: StepInput!, $buckets: Int! = 20) {
  journeys(scope: $scope) {
    changeNumber
    timeBetween(from: $from, to: $to, buckets: $buckets) {
      pairs
      never
      unknownValues
      medianSeconds
      p90Seconds
      histogram {
        fromSeconds
        toSeconds
        count
      }
    }
  }
}
    `) as unknown as TypedDocumentString<TimeBetweenPictureQuery, TimeBetweenPictureQueryVariables>;
export const TransitionsPictureDocument = new TypedDocumentString(`
    query TransitionsPicture($scope: JourneyScope, $top: Int! = 50) {
  journeys(scope: $scope) {
    changeNumber
    transitions(top: $top) {
      total
      other
      nodes {
        value
        touchpoints
        journeys
      }
      links {
        from
        to
        count
        journeys
        share
        shareOfFrom
        medianSeconds
      }
    }
  }
}
    `) as unknown as TypedDocumentString<TransitionsPictureQuery, TransitionsPictureQueryVariables>;
