"""Rules of segments: Treasure Data's rule JSON, checked, compiled to SQL and told in English. Knows no Django.

What a rule means:
- A condition never holds for what is missing (NULL), but one that is negated does: "country is not JP" includes those
  without a country. `not`, `exclude`, NotEqual and NotIn all negate, and two negations cancel each other out.
- Text is compared exactly, numbers as numbers. A number column may hold UNIX seconds, which time operators understand.
- Of a list any element is compared, or all; a list without elements has none that match. What is negated is the whole:
  "any is not vip" says that none is.
- A date names its whole day in the time zone of the schema, a time its whole second, and ranges include both ends. A
  TIMESTAMP without zone is what a clock in that zone shows. Days and longer units follow the calendar, hours and
  shorter ones the clock; both end now, which is when the query was due.
- A customer without events has a count of 0 and a sum of 0; the average, smallest and largest of nothing are missing.
- Customers and events are joined by equal keys; keys of different types are compared as text.
- A limit takes the first customers by key.
"""
