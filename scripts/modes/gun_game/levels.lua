-- The weapons of the levels, from the first to the last. damage: percent.
return {
    {rifle = true, launcher = true, damage = 150},
    {rifle = true, launcher = true, damage = 125},
    {rifle = true, launcher = true, damage = 100},
    {rifle = true, launcher = false, damage = 100},
    {rifle = true, launcher = false, damage = 85},
    {rifle = true, launcher = false, damage = 70},
    {rifle = true, launcher = false, damage = 55},
    {rifle = false, launcher = true, damage = 150},
}
