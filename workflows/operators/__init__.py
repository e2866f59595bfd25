"""What the operators of workflows do. Which there are, and their parameters, is declared in workflows.dig.operators."""
