@{
    RootModule           = 'Moult.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '5d1f4f0e-9b1c-4c57-8a57-2f7f3f6c0b17'
    Author               = 'The authors of Moult'
    Copyright            = 'The authors of Moult. Apache-2.0'
    Description          = 'Commands with the names of the module UpdateServices, for a Moult server'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    FunctionsToExport    = @(
        'Get-WsusServer'
        'Get-WsusUpdate'
        'Approve-WsusUpdate'
        'Deny-WsusUpdate'
        'Get-WsusComputer'
        'Add-WsusComputer'
        'Get-WsusProduct'
        'Set-WsusProduct'
        'Get-WsusClassification'
        'Set-WsusClassification'
        'Invoke-WsusServerCleanup'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}
