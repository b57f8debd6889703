// Written by scripts/generate.mjs from ../schema.graphql. Do not edit.
import type { Choice, Shape } from './edit';

export const INPUTS: Record<string, Shape> = {
  "CustomerCondition": {
    "oneOf": true,
    "about": "A condition on a customer: exactly one key. A condition and `not` with this condition are exact complements: together they have all customers, and no customer is in both. A missing value fits nothing but `exists: false`. At most 8 levels and 100 conditions.",
    "fields": [
      {
        "name": "all",
        "type": "CustomerCondition",
        "list": true,
        "required": false,
        "about": "All of these fit. Every customer fits an empty list."
      },
      {
        "name": "any",
        "type": "CustomerCondition",
        "list": true,
        "required": false,
        "about": "At least one of these fits. No customer fits an empty list."
      },
      {
        "name": "not",
        "type": "CustomerCondition",
        "list": false,
        "required": false,
        "about": "Everybody else."
      },
      {
        "name": "trait",
        "type": "TraitCondition",
        "list": false,
        "required": false,
        "about": "A trait of the customer."
      },
      {
        "name": "identifier",
        "type": "IdentifierCondition",
        "list": false,
        "required": false,
        "about": "The customer's identifiers."
      },
      {
        "name": "did",
        "type": "TouchpointCondition",
        "list": false,
        "required": false,
        "about": "What the customer did, or did not do: its touchpoints."
      },
      {
        "name": "journey",
        "type": "JourneyCondition",
        "list": false,
        "required": false,
        "about": "The customer's whole journey, as the questions about journeys see it."
      },
      {
        "name": "orders",
        "type": "OrdersCondition",
        "list": false,
        "required": false,
        "about": "Orders that were placed and not cancelled."
      },
      {
        "name": "product",
        "type": "ProductCondition",
        "list": false,
        "required": false,
        "about": "Relations to products."
      },
      {
        "name": "spend",
        "type": "SpendCondition",
        "list": false,
        "required": false,
        "about": "Money spent in one currency."
      },
      {
        "name": "consent",
        "type": "ConsentCondition",
        "list": false,
        "required": false,
        "about": "A consent in force."
      },
      {
        "name": "seen",
        "type": "SeenCondition",
        "list": false,
        "required": false,
        "about": "When and where the customer was seen."
      },
      {
        "name": "segment",
        "type": "SegmentCondition",
        "list": false,
        "required": false,
        "about": "The members of a saved segment."
      }
    ]
  },
  "TraitCondition": {
    "oneOf": false,
    "about": "A condition on a trait.",
    "fields": [
      {
        "name": "name",
        "type": "String",
        "list": false,
        "required": true,
        "about": "The name of the trait."
      },
      {
        "name": "is",
        "type": "ValueCondition",
        "list": false,
        "required": true,
        "about": "What the value must be."
      },
      {
        "name": "of",
        "type": "TraitValues",
        "list": false,
        "required": false,
        "start": "CHOSEN",
        "about": "Which of the kept values must fit."
      },
      {
        "name": "provenance",
        "type": "Provenance",
        "list": true,
        "required": false,
        "about": "Only values of these provenances count. Left out: all."
      },
      {
        "name": "said",
        "type": "TimeCondition",
        "list": false,
        "required": false,
        "about": "Only values that were said at such a time count. Of a value that was said again, the last time counts."
      }
    ]
  },
  "ValueCondition": {
    "oneOf": true,
    "about": "A condition on a value. Exactly one key. A value of another type does not fit.",
    "fields": [
      {
        "name": "exists",
        "type": "Boolean",
        "list": false,
        "required": false,
        "about": "Whether there is a value that is not null."
      },
      {
        "name": "text",
        "type": "TextCondition",
        "list": false,
        "required": false,
        "about": "The value is such a text. Of a list, any element."
      },
      {
        "name": "number",
        "type": "NumberCondition",
        "list": false,
        "required": false,
        "about": "The value is such a number, or a text that is one. Of a list, any element."
      },
      {
        "name": "time",
        "type": "TimeCondition",
        "list": false,
        "required": false,
        "about": "The value is such a time: a text in RFC 3339, or a date YYYY-MM-DD. Of a list, any element."
      },
      {
        "name": "flag",
        "type": "Boolean",
        "list": false,
        "required": false,
        "about": "The value is this boolean, or the text `true` or `false`. Of a list, any element."
      },
      {
        "name": "list",
        "type": "ListCondition",
        "list": false,
        "required": false,
        "about": "The value is such a list. Another value is a list of one."
      }
    ]
  },
  "TextCondition": {
    "oneOf": true,
    "about": "A condition on a text. Exactly one key. Texts are compared in NFC; case does not matter, except for `matches`.",
    "fields": [
      {
        "name": "in",
        "type": "String",
        "list": true,
        "required": false,
        "about": "It is one of these."
      },
      {
        "name": "startsWith",
        "type": "String",
        "list": true,
        "required": false,
        "about": "It begins with one of these."
      },
      {
        "name": "endsWith",
        "type": "String",
        "list": true,
        "required": false,
        "about": "It ends with one of these."
      },
      {
        "name": "contains",
        "type": "String",
        "list": true,
        "required": false,
        "about": "It contains one of these."
      },
      {
        "name": "matches",
        "type": "String",
        "list": false,
        "required": false,
        "about": "It has a match of this regular expression of the Rust crate `regex`, at most 256 bytes. Case matters."
      }
    ]
  },
  "NumberCondition": {
    "oneOf": false,
    "about": "A condition on a number. All given bounds must hold, exactly.",
    "fields": [
      {
        "name": "min",
        "type": "Decimal",
        "list": false,
        "required": false,
        "about": "At least this."
      },
      {
        "name": "above",
        "type": "Decimal",
        "list": false,
        "required": false,
        "about": "More than this."
      },
      {
        "name": "max",
        "type": "Decimal",
        "list": false,
        "required": false,
        "about": "At most this."
      },
      {
        "name": "below",
        "type": "Decimal",
        "list": false,
        "required": false,
        "about": "Less than this."
      },
      {
        "name": "in",
        "type": "Decimal",
        "list": true,
        "required": false,
        "about": "One of these."
      }
    ]
  },
  "TimeCondition": {
    "oneOf": true,
    "about": "A condition on a time `t`. Exactly one key. Durations are exact; `calendar`, `anniversary` and dates use the time zone.",
    "fields": [
      {
        "name": "last",
        "type": "Duration",
        "list": false,
        "required": false,
        "about": "now - D < t <= now."
      },
      {
        "name": "olderThan",
        "type": "Duration",
        "list": false,
        "required": false,
        "about": "t <= now - D."
      },
      {
        "name": "next",
        "type": "Duration",
        "list": false,
        "required": false,
        "about": "now < t <= now + D."
      },
      {
        "name": "between",
        "type": "AgoRange",
        "list": false,
        "required": false,
        "about": "now - from < t <= now - to."
      },
      {
        "name": "fixed",
        "type": "TimeRange",
        "list": false,
        "required": false,
        "about": "since <= t < until."
      },
      {
        "name": "calendar",
        "type": "CalendarRange",
        "list": false,
        "required": false,
        "about": "Whole periods of the calendar."
      },
      {
        "name": "anniversary",
        "type": "DayRange",
        "list": false,
        "required": false,
        "about": "Day and month are near today. 29 February counts as 1 March in other years."
      }
    ]
  },
  "AgoRange": {
    "oneOf": false,
    "about": "A range of times ago.",
    "fields": [
      {
        "name": "from",
        "type": "Duration",
        "list": false,
        "required": true,
        "about": "The longer time ago."
      },
      {
        "name": "to",
        "type": "Duration",
        "list": false,
        "required": true,
        "about": "The shorter time ago."
      }
    ]
  },
  "TimeRange": {
    "oneOf": false,
    "about": "A range of times.",
    "fields": [
      {
        "name": "since",
        "type": "DateTime",
        "list": false,
        "required": false,
        "about": "At this time or later. Left out: no bound."
      },
      {
        "name": "until",
        "type": "DateTime",
        "list": false,
        "required": false,
        "about": "Before this time. Left out: no bound."
      }
    ]
  },
  "CalendarRange": {
    "oneOf": false,
    "about": "Whole periods of the calendar in the time zone. The present period counts up to now.",
    "fields": [
      {
        "name": "unit",
        "type": "CalendarUnit",
        "list": false,
        "required": true,
        "about": "The period."
      },
      {
        "name": "back",
        "type": "Int",
        "list": false,
        "required": false,
        "start": 0,
        "about": "The number of periods that the last one is before the present one. 0: the present one."
      },
      {
        "name": "count",
        "type": "Int",
        "list": false,
        "required": false,
        "start": 1,
        "about": "The number of periods."
      }
    ]
  },
  "DayRange": {
    "oneOf": false,
    "about": "A range of days, counted from today; negative before today. Both ends are included.",
    "fields": [
      {
        "name": "from",
        "type": "Int",
        "list": false,
        "required": true,
        "about": "The first day."
      },
      {
        "name": "to",
        "type": "Int",
        "list": false,
        "required": true,
        "about": "The last day."
      }
    ]
  },
  "ListCondition": {
    "oneOf": true,
    "about": "A condition on a list. Exactly one key. Elements are compared as texts are.",
    "fields": [
      {
        "name": "anyOf",
        "type": "String",
        "list": true,
        "required": false,
        "about": "It has one of these."
      },
      {
        "name": "allOf",
        "type": "String",
        "list": true,
        "required": false,
        "about": "It has each of these."
      },
      {
        "name": "only",
        "type": "String",
        "list": true,
        "required": false,
        "about": "It has no other elements. An empty list fits."
      },
      {
        "name": "size",
        "type": "IntRange",
        "list": false,
        "required": false,
        "about": "The number of its elements."
      }
    ]
  },
  "IntRange": {
    "oneOf": false,
    "about": "A range of whole numbers, both ends included.",
    "fields": [
      {
        "name": "min",
        "type": "Int",
        "list": false,
        "required": false,
        "about": "The smallest value. Left out: no lower end."
      },
      {
        "name": "max",
        "type": "Int",
        "list": false,
        "required": false,
        "about": "The largest value. Left out: no upper end."
      }
    ]
  },
  "IdentifierCondition": {
    "oneOf": false,
    "about": "A condition on the number of identifiers.",
    "fields": [
      {
        "name": "kind",
        "type": "String",
        "list": false,
        "required": true,
        "about": "The kind, such as `email`."
      },
      {
        "name": "value",
        "type": "TextCondition",
        "list": false,
        "required": false,
        "about": "Only identifiers with such a value. Left out: all of the kind."
      },
      {
        "name": "count",
        "type": "IntRange",
        "list": false,
        "required": false,
        "start": {
          "min": 1
        },
        "about": "The number of these identifiers."
      }
    ]
  },
  "TouchpointCondition": {
    "oneOf": false,
    "about": "A condition on touchpoints: which, when, how many, and what came after them.",
    "fields": [
      {
        "name": "what",
        "type": "StepInput",
        "list": false,
        "required": true,
        "about": "Which touchpoints, as in journeys."
      },
      {
        "name": "where",
        "type": "PropertyCondition",
        "list": true,
        "required": false,
        "about": "Their properties. All must fit."
      },
      {
        "name": "when",
        "type": "TimeCondition",
        "list": false,
        "required": false,
        "about": "When they happened. Left out: at any time."
      },
      {
        "name": "times",
        "type": "IntRange",
        "list": false,
        "required": false,
        "start": {
          "min": 1
        },
        "about": "Their number. `{max: 0}`: none, which also fits customers who never did anything."
      },
      {
        "name": "count",
        "type": "CountedAs",
        "list": false,
        "required": false,
        "start": "TOUCHPOINTS",
        "about": "What is counted."
      },
      {
        "name": "total",
        "type": "PropertyTotal",
        "list": false,
        "required": false,
        "about": "The sum of a property over them. Of no touchpoints, it is 0."
      },
      {
        "name": "only",
        "type": "Occurrence",
        "list": false,
        "required": false,
        "about": "The first, or the last, touchpoint of the customer's life that fits `what` must fit `where` and `when` too, and only this one counts."
      },
      {
        "name": "then",
        "type": "ThenCondition",
        "list": true,
        "required": false,
        "about": "The steps that follow, in order. Only touchpoints that start such a chain count."
      }
    ]
  },
  "StepInput": {
    "oneOf": false,
    "about": "A condition on touchpoints. A touchpoint matches when every given list contains its value. Without lists every touchpoint matches. An empty list counts as not given.",
    "fields": [
      {
        "name": "label",
        "type": "String",
        "list": false,
        "required": false,
        "about": "The label of the step in the answer."
      },
      {
        "name": "names",
        "type": "String",
        "list": true,
        "required": false,
        "about": "The touchpoint has one of these names."
      },
      {
        "name": "kinds",
        "type": "String",
        "list": true,
        "required": false,
        "about": "The touchpoint is of one of these kinds."
      },
      {
        "name": "channels",
        "type": "String",
        "list": true,
        "required": false,
        "about": "The touchpoint is on one of these channels."
      },
      {
        "name": "campaigns",
        "type": "String",
        "list": true,
        "required": false,
        "about": "The touchpoint has one of these campaigns."
      },
      {
        "name": "where",
        "type": "DimensionIs",
        "list": true,
        "required": false,
        "about": "Each of these dimensions has one of the given values."
      }
    ]
  },
  "DimensionIs": {
    "oneOf": false,
    "about": "A condition on a dimension.",
    "fields": [
      {
        "name": "dimension",
        "type": "String",
        "list": false,
        "required": true,
        "about": "The dimension: `name`, `kind`, `channel`, `direction`, `source`, `campaign`, `campaign_source`, `campaign_medium`, or a configured dimension."
      },
      {
        "name": "is",
        "type": "String",
        "list": true,
        "required": true,
        "about": "The value is one of these. `(none)` stands for a touchpoint without a value."
      }
    ]
  },
  "PropertyCondition": {
    "oneOf": false,
    "about": "A condition on a property of a touchpoint.",
    "fields": [
      {
        "name": "path",
        "type": "String",
        "list": false,
        "required": true,
        "about": "The path from the event, with dots: `properties.products.0.price`, `context.campaign.name`. A list on the way means any of its elements."
      },
      {
        "name": "is",
        "type": "ValueCondition",
        "list": false,
        "required": true,
        "about": "What the value must be."
      }
    ]
  },
  "PropertyTotal": {
    "oneOf": false,
    "about": "A condition on the sum of a property. Values that are no number do not count; each is rounded at the sixth digit.",
    "fields": [
      {
        "name": "path",
        "type": "String",
        "list": false,
        "required": true,
        "about": "The path from the event, with dots."
      },
      {
        "name": "currency",
        "type": "String",
        "list": false,
        "required": false,
        "about": "Only touchpoints whose `properties.currency` is this currency count."
      },
      {
        "name": "min",
        "type": "Decimal",
        "list": false,
        "required": false,
        "about": "The smallest sum."
      },
      {
        "name": "max",
        "type": "Decimal",
        "list": false,
        "required": false,
        "about": "The largest sum."
      }
    ]
  },
  "ThenCondition": {
    "oneOf": false,
    "about": "A step that follows in a chain.",
    "fields": [
      {
        "name": "what",
        "type": "StepInput",
        "list": false,
        "required": true,
        "about": "Which touchpoints."
      },
      {
        "name": "where",
        "type": "PropertyCondition",
        "list": true,
        "required": false,
        "about": "Their properties. All must fit."
      },
      {
        "name": "within",
        "type": "Duration",
        "list": false,
        "required": false,
        "about": "The longest time after the step before."
      },
      {
        "name": "happened",
        "type": "Boolean",
        "list": false,
        "required": false,
        "start": true,
        "about": "False: no such touchpoint came, which is true from the end of `within` on. It requires `within`. The next step counts from the last step that happened."
      },
      {
        "name": "same",
        "type": "String",
        "list": true,
        "required": false,
        "about": "Paths of properties that have the same value as in the first touchpoint of the chain. A missing value is never the same."
      }
    ]
  },
  "JourneyCondition": {
    "oneOf": true,
    "about": "A condition on the journey of the customer: all its touchpoints of a time, in order. Exactly one key. A customer without a touchpoint then does not fit.",
    "fields": [
      {
        "name": "pattern",
        "type": "PatternCondition",
        "list": false,
        "required": false,
        "about": "The values of the journey match a pattern."
      },
      {
        "name": "funnel",
        "type": "FunnelCondition",
        "list": false,
        "required": false,
        "about": "How far the journey came in a funnel."
      }
    ]
  },
  "PatternCondition": {
    "oneOf": false,
    "about": "A condition on the values of a journey.",
    "fields": [
      {
        "name": "pattern",
        "type": "String",
        "list": false,
        "required": true,
        "about": "The pattern, such as `product -> [^cart]* -> order`, as `match` of journeys has it."
      },
      {
        "name": "dimension",
        "type": "String",
        "list": false,
        "required": false,
        "start": "name",
        "about": "The dimension whose values these are."
      },
      {
        "name": "since",
        "type": "DateTime",
        "list": false,
        "required": false,
        "about": "Only touchpoints at this time or later. Left out: no bound."
      },
      {
        "name": "until",
        "type": "DateTime",
        "list": false,
        "required": false,
        "about": "Only touchpoints before this time. Left out: no bound."
      }
    ]
  },
  "FunnelCondition": {
    "oneOf": false,
    "about": "A condition on how far a journey came in a funnel. Exactly one of `reached` and `lostAt`.",
    "fields": [
      {
        "name": "steps",
        "type": "StepInput",
        "list": true,
        "required": true,
        "about": "The steps in order, 1 to 20."
      },
      {
        "name": "within",
        "type": "Duration",
        "list": false,
        "required": false,
        "about": "The longest time from the first step to any other. Left out: no limit."
      },
      {
        "name": "reached",
        "type": "Int",
        "list": false,
        "required": false,
        "about": "It reached the step of this number, or a later one. The first step is 1."
      },
      {
        "name": "lostAt",
        "type": "Int",
        "list": false,
        "required": false,
        "about": "It reached the step before the one of this number, and not this one. 2 or more."
      },
      {
        "name": "since",
        "type": "DateTime",
        "list": false,
        "required": false,
        "about": "Only touchpoints at this time or later. Left out: no bound."
      },
      {
        "name": "until",
        "type": "DateTime",
        "list": false,
        "required": false,
        "about": "Only touchpoints before this time. Left out: no bound."
      }
    ]
  },
  "OrdersCondition": {
    "oneOf": false,
    "about": "A condition on orders that were placed and not cancelled, each by itself.",
    "fields": [
      {
        "name": "count",
        "type": "IntRange",
        "list": false,
        "required": false,
        "start": {
          "min": 1
        },
        "about": "The number of orders that fit all other conditions."
      },
      {
        "name": "when",
        "type": "TimeCondition",
        "list": false,
        "required": false,
        "about": "When they were placed."
      },
      {
        "name": "currency",
        "type": "String",
        "list": false,
        "required": false,
        "about": "Their currency. Required for `net` and `gross`."
      },
      {
        "name": "net",
        "type": "DecimalRange",
        "list": false,
        "required": false,
        "about": "The total less returns."
      },
      {
        "name": "gross",
        "type": "DecimalRange",
        "list": false,
        "required": false,
        "about": "The total."
      },
      {
        "name": "returnRate",
        "type": "FloatRange",
        "list": false,
        "required": false,
        "about": "The returned part of the total, from 0 to 1."
      },
      {
        "name": "containing",
        "type": "ProductMatch",
        "list": false,
        "required": false,
        "about": "A line with such a product."
      }
    ]
  },
  "DecimalRange": {
    "oneOf": false,
    "about": "A range of decimal numbers, both ends included.",
    "fields": [
      {
        "name": "min",
        "type": "Decimal",
        "list": false,
        "required": false,
        "about": "The smallest value. Left out: no lower end."
      },
      {
        "name": "max",
        "type": "Decimal",
        "list": false,
        "required": false,
        "about": "The largest value. Left out: no upper end."
      }
    ]
  },
  "FloatRange": {
    "oneOf": false,
    "about": "A range of numbers, both ends included.",
    "fields": [
      {
        "name": "min",
        "type": "Float",
        "list": false,
        "required": false,
        "about": "The smallest value. Left out: no lower end."
      },
      {
        "name": "max",
        "type": "Float",
        "list": false,
        "required": false,
        "about": "The largest value. Left out: no upper end."
      }
    ]
  },
  "ProductMatch": {
    "oneOf": false,
    "about": "A condition on a product. All given parts must fit.",
    "fields": [
      {
        "name": "skus",
        "type": "String",
        "list": true,
        "required": false,
        "about": "The sku is one of these, exactly."
      },
      {
        "name": "categories",
        "type": "String",
        "list": true,
        "required": false,
        "about": "The category is one of these; case does not matter."
      },
      {
        "name": "name",
        "type": "TextCondition",
        "list": false,
        "required": false,
        "about": "The name."
      }
    ]
  },
  "ProductCondition": {
    "oneOf": false,
    "about": "A condition on the customer's relations to products.",
    "fields": [
      {
        "name": "relation",
        "type": "ProductRelation",
        "list": false,
        "required": true,
        "about": "The relation."
      },
      {
        "name": "is",
        "type": "ProductMatch",
        "list": false,
        "required": false,
        "about": "Only such products."
      },
      {
        "name": "when",
        "type": "TimeCondition",
        "list": false,
        "required": false,
        "about": "When the relation began, or its last time."
      },
      {
        "name": "count",
        "type": "IntRange",
        "list": false,
        "required": false,
        "start": {
          "min": 1
        },
        "about": "The number of products."
      }
    ]
  },
  "SpendCondition": {
    "oneOf": false,
    "about": "A condition on the money spent in one currency. A customer without an order that counts in it does not fit.",
    "fields": [
      {
        "name": "currency",
        "type": "String",
        "list": false,
        "required": true,
        "about": "The ISO 4217 code of the currency."
      },
      {
        "name": "net",
        "type": "DecimalRange",
        "list": false,
        "required": false,
        "about": "Gross less returns."
      },
      {
        "name": "gross",
        "type": "DecimalRange",
        "list": false,
        "required": false,
        "about": "The sum of the orders' totals."
      },
      {
        "name": "returned",
        "type": "DecimalRange",
        "list": false,
        "required": false,
        "about": "The sum of the returned amounts."
      },
      {
        "name": "returnRate",
        "type": "FloatRange",
        "list": false,
        "required": false,
        "about": "`returned / gross`, from 0 to 1."
      },
      {
        "name": "when",
        "type": "TimeCondition",
        "list": false,
        "required": false,
        "about": "Only orders placed then. Left out: all orders."
      }
    ]
  },
  "ConsentCondition": {
    "oneOf": false,
    "about": "A condition on the consent in force. The strictest counts: REVOKED, DENIED, then GRANTED; EXPIRED when all ran out, UNKNOWN when nothing was said.",
    "fields": [
      {
        "name": "purpose",
        "type": "String",
        "list": false,
        "required": true,
        "about": "The purpose, such as `marketing`."
      },
      {
        "name": "channel",
        "type": "String",
        "list": false,
        "required": false,
        "about": "Consents for this channel and those for all channels. Left out: all consents for the purpose."
      },
      {
        "name": "status",
        "type": "ConsentStatus",
        "list": true,
        "required": true,
        "about": "It is one of these."
      }
    ]
  },
  "SeenCondition": {
    "oneOf": false,
    "about": "When and where the customer was seen. All given parts must fit.",
    "fields": [
      {
        "name": "first",
        "type": "TimeCondition",
        "list": false,
        "required": false,
        "about": "When it was first seen."
      },
      {
        "name": "last",
        "type": "TimeCondition",
        "list": false,
        "required": false,
        "about": "When it was last seen."
      },
      {
        "name": "channels",
        "type": "String",
        "list": true,
        "required": false,
        "about": "It has touchpoints on one of these channels."
      },
      {
        "name": "devices",
        "type": "String",
        "list": true,
        "required": false,
        "about": "It was seen on a device of one of these kinds."
      }
    ]
  },
  "SegmentCondition": {
    "oneOf": false,
    "about": "The members of a saved segment, by its definition of now, or of the moment of `asOf`.",
    "fields": [
      {
        "name": "name",
        "type": "String",
        "list": false,
        "required": true,
        "about": "The name of the segment; case does not matter."
      }
    ]
  }
};

export const ENUMS: Record<string, Choice[]> = {
  "CalendarUnit": [
    {
      "name": "DAY",
      "about": "A day. It may have 23 or 25 hours."
    },
    {
      "name": "WEEK",
      "about": "A week, from Monday."
    },
    {
      "name": "MONTH",
      "about": "A month."
    },
    {
      "name": "QUARTER",
      "about": "Three months, from January, April, July or October."
    },
    {
      "name": "YEAR",
      "about": "A year."
    }
  ],
  "TraitValues": [
    {
      "name": "CHOSEN",
      "about": "The value that the policy shows."
    },
    {
      "name": "ANY",
      "about": "At least one kept value."
    },
    {
      "name": "EVERY",
      "about": "Every kept value, and there is at least one."
    }
  ],
  "Provenance": [
    {
      "name": "REALISED",
      "about": "Observed in a transaction or on a device."
    },
    {
      "name": "DECLARED",
      "about": "Stated by the customer."
    },
    {
      "name": "ASSUMED",
      "about": "Inferred by another system."
    }
  ],
  "CountedAs": [
    {
      "name": "TOUCHPOINTS",
      "about": "Touchpoints."
    },
    {
      "name": "DAYS",
      "about": "Different days of the time zone."
    },
    {
      "name": "WEEKS",
      "about": "Different weeks of the time zone, from Monday."
    },
    {
      "name": "MONTHS",
      "about": "Different months of the time zone."
    },
    {
      "name": "SESSIONS",
      "about": "Different sessions."
    },
    {
      "name": "CHANNELS",
      "about": "Different channels."
    },
    {
      "name": "DEVICES",
      "about": "Different devices."
    },
    {
      "name": "ORDERS",
      "about": "Different orders."
    }
  ],
  "Occurrence": [
    {
      "name": "FIRST",
      "about": "The first."
    },
    {
      "name": "LAST",
      "about": "The last."
    }
  ],
  "ProductRelation": [
    {
      "name": "WISHED",
      "about": "On the customer's wish list."
    },
    {
      "name": "LIKED",
      "about": "Liked, and not disliked later."
    },
    {
      "name": "DISLIKED",
      "about": "Disliked, and not liked later."
    },
    {
      "name": "IN_CART",
      "about": "Added to the cart, and neither removed nor ordered later."
    },
    {
      "name": "BOUGHT",
      "about": "In an order that is not cancelled."
    },
    {
      "name": "RETURNED",
      "about": "Returned."
    }
  ],
  "ConsentStatus": [
    {
      "name": "GRANTED",
      "about": "Allowed."
    },
    {
      "name": "DENIED",
      "about": "The person was asked and refused."
    },
    {
      "name": "REVOKED",
      "about": "Granted once, and withdrawn later."
    },
    {
      "name": "EXPIRED",
      "about": "Granted until a time that has passed."
    },
    {
      "name": "UNKNOWN",
      "about": "Not known."
    }
  ]
};
