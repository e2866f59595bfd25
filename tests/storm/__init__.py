"""Random kills of everything that runs jobs, while it runs them: does each job end well, whatever dies?"""
