"""What a workflow file's values mean, as digdag reads them: expressions, parameters, variables, schedules.

Knows no Django. Times that come out are in UTC; times that go in must know their zone.
"""
